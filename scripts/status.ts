import { execa } from 'execa'
import { apiAddress } from '../server/api/api-address.ts'
import { readSettings } from '../server/settings.ts'
import { inspectPart } from './inspect-part.ts'
import { installed, socketPattern, unitPattern } from './installed.ts'
import { layout } from './layout.ts'
import type { Part } from './parts.ts'
import { runEntry } from './run-entry.ts'

await runEntry(async () => {
  const settings = readSettings()
  const api = apiAddress(settings)
  if (installed(settings.home)) {
    await execa({ stdio: 'inherit', reject: false })('systemctl', [
      '--no-pager',
      'list-units',
      unitPattern,
      socketPattern,
    ])
    if (api) process.stdout.write(`The HTTP API answers at ${api.url}\n`)
    return
  }
  const places = layout(settings.home)
  const answersAt = {
    ...(settings.redisUrl ? {} : { redis: places.redisSocket }),
    ...(settings.mysqlUrl ? {} : { mysql: settings.mysqlImage ?? places.mysqlSocket }),
    server: [`${settings.sshHost}:${settings.sshPort} (SSH)`, ...(api ? [`${api.url} (API)`] : [])].join(
      ', ',
    ),
    router: '',
    haproxy: `${settings.httpHost}:${settings.httpPort} (HTTP), ${settings.httpsPort} (HTTPS)`,
    rotate: '',
  }
  const rows = Object.entries(answersAt).map(([name, where]) => {
    const { state, child } = inspectPart(name as Part['name'], places)
    return [name, state, `${child?.pid ?? ''}`, child ? utc(child.since) : '', child ? where : '']
  })
  process.stdout.write(`${table([['part', 'state', 'pid', 'since (UTC)', 'answers at'], ...rows])}\n`)
})

function utc(date: Date): string {
  return date.toISOString().replace('T', ' ').slice(0, 19)
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
