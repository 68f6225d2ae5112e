import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export type Page = { readonly address: string; readonly port: number; readonly host: string }

const giveUpMs = 30_000

/**
 * Returns with the first answer of `page` that holds `text`. Asks again after a millisecond, on a new connection each
 * time, as everybody does who comes for the first time.
 */
export async function firstAnswer(page: Page, text: string): Promise<void> {
  const deadline = performance.now() + giveUpMs
  while (!(await ask(page)).includes(text)) {
    if (performance.now() > deadline) throw new Error(`No answer with "${text}" within ${giveUpMs / 1000} s`)
    await wait(1)
  }
}

function ask({ address, port, host }: Page): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect({ host: address, port })
    socket.setTimeout(5_000, () => socket.destroy())
    socket.on('connect', () => socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`))
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    // Refused: nobody listens yet.
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
  })
}
