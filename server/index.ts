// What the package `encke` gives to programs. Everything else in it is private.

export type { TokenRequest } from './access/mint-token.ts'
export { mintToken } from './access/mint-token.ts'
export type { App, Parts } from './app.ts'
export { buildApp } from './app.ts'
export type { OpenBrokerOptions } from './brokers/open-broker.ts'
export { openBroker } from './brokers/open-broker.ts'
export type { Config } from './config.ts'
export { ConfigError, readConfig } from './config.ts'
export type { ErrorCode } from './errors.ts'
export { EnckeError } from './errors.ts'
export type { Broker } from './hub/index.ts'
export type {
  Asked,
  Authorize,
  Delivery,
  EnckeOptions,
  InProcess,
  Permission,
  PublishOptions,
  Receipt,
  SubscribeOptions,
} from './plugin.ts'
export { encke } from './plugin.ts'
