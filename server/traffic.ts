import { text } from 'node:stream/consumers'
import type { AppTraffic } from '../router/contract.ts'
import { routerPaths } from '../router/paths.ts'
import { UnavailableError } from './errors.ts'
import { http } from './net/lean-http.ts'

const answerMs = 2_000

/**
 * What is asked of each app, by app id, as the router counts it; an app that it does not serve has no entry. Throws
 * `UnavailableError` where the router does not answer within 2 s.
 */
export async function readTraffic(home: string): Promise<ReadonlyMap<string, AppTraffic>> {
  try {
    const answer = await ask(routerPaths(home).metricsSocket)
    return new Map(Object.entries(JSON.parse(answer) as Record<string, AppTraffic>))
  } catch (cause) {
    throw new UnavailableError('The router does not say what is asked of the apps', {
      next: 'On the server: make status, then make logs',
      cause,
    })
  }
}

function ask(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerMs)
    const request = http.request({ socketPath, path: '/traffic', agent: false, signal }, (answer) => {
      if (answer.statusCode === 200) text(answer).then(resolve, reject)
      else {
        answer.resume()
        reject(new Error(`The router answered ${answer.statusCode}`))
      }
    })
    request.on('error', reject)
    request.end()
  })
}
