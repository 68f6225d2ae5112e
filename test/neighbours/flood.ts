import { connect, type Socket } from 'node:net'

// flood.ts WAY PORT HOST SECONDS: attacks one app through the router in one way, and prints `begun`, and at its end how many requests or
// connections it has made. What is cut off is begun again at once.
const [way = '', port = '', host = '', seconds = ''] = process.argv.slice(2)
const head = (line: string, ...headers: string[]): string =>
  [line, `Host: ${host}`, ...headers, ''].map((each) => `${each}\r\n`).join('')

/** Many at a time, and what each of them sends: at once, and then each second. */
const ways: Readonly<
  Record<string, { readonly width: number; readonly first: string; readonly later: string }>
> = {
  // A header that never ends.
  slow: { width: 1500, first: head('GET / HTTP/1.1').slice(0, -2), later: 'X-More: 1\r\n' },
  // A body that is announced and never comes.
  bodies: { width: 500, first: head('POST / HTTP/1.1', 'Content-Length: 1000000000'), later: 'x' },
  // More header than there is room for.
  headers: {
    width: 50,
    first: head('GET / HTTP/1.1', ...Array<string>(400).fill(`X-Long: ${'x'.repeat(200)}`)),
    later: '',
  },
  // As many requests as are answered.
  flood: { width: 64, first: head('GET / HTTP/1.1'), later: '' },
}
const { width, first, later } = ways[way] ?? { width: 0, first: '', later: '' }
if (width === 0) throw new Error(`There is no way "${way}"`)

/** As many huge headers as a line of 640 Mbit/s brings. */
const mostPerSecond = 1_000
const startedAt = performance.now()
let made = 0
let over = false
const open = new Set<Socket>()
const begin = (): void => {
  if (over) return
  if (made > ((performance.now() - startedAt) / 1000) * mostPerSecond + width) {
    setTimeout(begin, 10)
    return
  }
  const socket = connect(Number(port), '127.0.0.1')
  open.add(socket)
  const send = (): void => {
    made++
    if (made === width) console.log('begun')
    socket.write(first)
  }
  socket.on('connect', send)
  socket.on('error', () => {})
  socket.on('data', () => {
    if (way === 'flood' && !over) send()
  })
  socket.on('close', () => {
    open.delete(socket)
    begin()
  })
}
for (let each = 0; each < width; each++) begin()
const timer = setInterval(() => {
  if (later !== '') for (const socket of open) socket.write(later)
}, 1000)
setTimeout(() => {
  over = true
  clearInterval(timer)
  for (const socket of open) socket.destroy()
  console.log(made)
}, Number(seconds) * 1000)
