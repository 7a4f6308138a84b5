import { chain } from '../../../../runtime/programs/greenlet/chain.ts'
import { testChain } from '../chain-claims.ts'

testChain('greenlet', chain)
