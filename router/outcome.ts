import { answering } from './desired.ts'
import { cameToSlot, field, isComplete, type LoggedRequest, numberOf, textOf } from './logged-request.ts'

/** How a request ended, as people are told. */
export type Outcome = { readonly code?: string; readonly desc?: string; readonly status: number }

/** What no backend was asked for. */
const ownAnswers: ReadonlyMap<string, { readonly code: string; readonly desc: string }> = new Map([
  [answering.stopped, { code: 'H14', desc: 'No web processes running' }],
  [answering.stoppedOwnPage, { code: 'H14', desc: 'No web processes running' }],
  [answering.maintenance, { code: 'H80', desc: 'Maintenance mode' }],
  [answering.ownPage, { code: 'H80', desc: 'Maintenance mode' }],
  [answering.unreleased, { code: 'H81', desc: 'Blank app' }],
])

/** By Heroku's codes, and some of ours. */
export function outcome(request: LoggedRequest): Outcome {
  const status = numberOf(request, field.status)
  if (!cameToSlot(request)) {
    const answered = ownAnswers.get(textOf(request, field.backend))
    if (answered) return { ...answered, status: 503 }
  }
  return isComplete(request) ? { status } : broken(request, status)
}

// The two letters are HAProxy's: who ended the request, and while it did what.
function broken(request: LoggedRequest, status: number): Outcome {
  const ending = textOf(request, field.ending)
  if (/^[sS][CQ]/.test(ending) && (status === 502 || status === 503)) {
    const desc = ending === 'sC' ? 'Backend connection timeout' : 'Backend connection refused'
    return {
      code: ending === 'sC' ? 'H19' : 'H21',
      desc: textOf(request, field.server) === noServer ? 'No backend answers' : desc,
      status: 502,
    }
  }
  if (ending.startsWith('sH') && status === 504) return { code: 'H12', desc: 'Request timeout', status }
  if (/^(SH|PH)/.test(ending) && status === 502) {
    return { code: 'H13', desc: 'Connection closed without response', status }
  }
  if (/^[sS]D/.test(ending) && status >= 200) {
    return { code: 'H18', desc: 'Server request interrupted', status }
  }
  return { status }
}

/** How HAProxy names the server of a request that none was chosen for. */
export const noServer = '<NOSRV>'
