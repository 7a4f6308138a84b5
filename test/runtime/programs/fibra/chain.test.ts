import { chain, chainCosts } from '../../../../runtime/programs/fibra/chain.ts'
import { testChain } from '../chain-claims.ts'

testChain('fibra', chain, chainCosts)
