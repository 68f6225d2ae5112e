import type { Call, Flag } from '../command.ts'
import { NotAllowedError } from '../errors.ts'

export const privateFlag: Flag = {
  summary: 'Also from this machine or a private network; for admins of the server',
}

/** Whether `--private` was typed. Throws `NotAllowedError` where its person is no admin of the server. */
export function mayFetchPrivate({ flags, user }: Pick<Call, 'flags' | 'user'>): boolean {
  if (!flags.has('private') || user.role === 'admin') return flags.has('private')
  throw new NotAllowedError('Only admins of the server may fetch from private networks', {
    next: 'Without --private from the internet; or push the files',
  })
}
