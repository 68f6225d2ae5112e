import type { ResultPromise } from 'execa'
import { firstAnswer, type Page } from './first-answer.ts'

/** Milliseconds from a command's start. */
export type Live = {
  /** Until the first answer of what it made. */
  readonly answered: number
  /** Until it returned. */
  readonly returned: number
}

/** A git or ssh that was started, both its streams in one. */
export type Running = ResultPromise<{ all: true; stdin: 'ignore' }>

/**
 * Both of a command that makes `page` say `text`. It asks for the page from when the client is told that the container is being started: before it could
 * not answer.
 */
export async function live(running: Running, page: Page, text: string): Promise<Live> {
  const started = performance.now()
  const since = (): number => performance.now() - started
  const starting = new Promise<void>((resolve) => {
    let told = ''
    running.all.on('data', (chunk) => {
      told += String(chunk)
      if (told.includes('Starting')) resolve()
    })
  })
  // A failure speaks before the page does.
  const returned = running.then(since)
  await Promise.race([starting, returned])
  const answered = firstAnswer(page, text).then(since)
  const [first, end] = await Promise.all([answered, returned])
  return { answered: first, returned: end }
}
