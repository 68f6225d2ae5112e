import { Agent, request } from 'node:http'

// visits.ts PORT HOST PER-SECOND SECONDS: asks for one page at a steady rate, and prints what each answer took as a
// JSON list of milliseconds. A request is sent when it is due, whether earlier ones were answered or not; one without
// an answer of 200 within 20 s ends all.
const [port = '', host = '', perSecond = '', seconds = ''] = process.argv.slice(2)
const total = Number(perSecond) * Number(seconds)
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
const took: number[] = []

const visit = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const sentAt = performance.now()
    request(
      { host: '127.0.0.1', port: Number(port), headers: { host }, agent, timeout: 20_000 },
      (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${host} answers ${answer.statusCode}`))
        answer.on('error', reject)
        answer.on('end', () => resolve(performance.now() - sentAt)).resume()
      },
    )
      .on('timeout', () => reject(new Error(`${host} does not answer for 20 s`)))
      .on('error', reject)
      .end()
  })

// The first ones open connections and warm this program up: they do not count.
for (let warm = 0; warm < 50; warm++) await visit()
const pending: Promise<void>[] = []
const startedAt = performance.now()
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * Number(perSecond)))
    while (pending.length < due) pending.push(visit().then((ms) => void took.push(ms)))
    if (pending.length < total) return
    clearInterval(timer)
    resolve()
  }, 2)
})
await Promise.all(pending)
agent.destroy()
console.log(JSON.stringify(took))
