import { requestTo, type Sent } from './request-to.ts'

/** Sends one POST and returns the answer's status; no redirect is followed, and what the answer says beside is nothing to us. */
export async function postTo(url: URL, sent: Omit<Sent, 'method'>): Promise<number> {
  const answer = await requestTo(url, { ...sent, method: 'POST' })
  // It ends with the signal at the latest.
  answer.on('error', () => {})
  answer.resume()
  return answer.statusCode ?? 0
}
