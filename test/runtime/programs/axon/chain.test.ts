import { chain } from '../../../../runtime/programs/axon/chain.ts'
import { testChain } from '../chain-claims.ts'

testChain('axon', chain)
