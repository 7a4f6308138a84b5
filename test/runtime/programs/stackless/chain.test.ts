import { chain } from '../../../../runtime/programs/stackless/chain.ts'
import { testChain } from '../chain-claims.ts'

testChain('stackless', chain)
