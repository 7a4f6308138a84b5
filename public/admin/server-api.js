// Asks the server's administration routes, with the token.

/** Where the server's routes begin: the dashboard lies one folder below. */
export const base = new URL('..', location.href).href.replace(/\/$/, '')

class Refused extends Error {
  /** @param {number} status 0: no answer @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message)
    this.status = status
    this.code = code
  }

  /** Whether the token is missing or wrong. */
  get wantsToken() {
    return this.code === 'ENCKE_ERR_ADMIN_TOKEN' || this.status === 401
  }
}

export class ServerApi {
  #token
  #onRefusedToken

  /** @param {string} token @param {(message: string) => void} onRefusedToken */
  constructor(token, onRefusedToken) {
    this.#token = token
    this.#onRefusedToken = onRefusedToken
  }

  /**
   * Ask, and read the answer as JSON.
   *
   * @param {string} path @param {{ method?: string, body?: unknown, signal?: AbortSignal }} [asking]
   * @returns {Promise<any>}
   */
  async ask(path, asking = {}) {
    const response = await this.fetch(path, asking)
    const text = await response.text()
    return text === '' ? null : JSON.parse(text)
  }

  /**
   * Ask; what the server refuses is thrown.
   *
   * @param {string} path
   * @param {{ method?: string, body?: unknown, accept?: string, signal?: AbortSignal }} [asking]
   */
  async fetch(path, { method = 'GET', body, accept, signal } = {}) {
    const response = await fetch(base + path, {
      method,
      cache: 'no-store',
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(accept && { accept }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      ...(signal && { signal }),
    }).catch((error) => {
      if (signal?.aborted) throw error
      throw new Refused(0, '', 'The server cannot be reached.')
    })
    if (response.ok) return response
    const refused = await refusal(response)
    if (refused.wantsToken) this.#onRefusedToken(refused.message)
    throw refused
  }
}

/** @param {Response} response */
async function refusal(response) {
  const text = await response.text()
  try {
    const { code = '', message = text } = JSON.parse(text)
    return new Refused(response.status, code, message)
  } catch {
    return new Refused(response.status, '', `The server answered with ${response.status}.`)
  }
}
