import { chain } from '../../../../runtime/programs/erlang/chain.ts'
import { testChain } from '../chain-claims.ts'

testChain('erlang', chain)
