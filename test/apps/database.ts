import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Files } from '../repository.ts'

const modules = join(import.meta.dirname, '..', '..', 'node_modules')

/**
 * An app that does what it is asked, from inside its container: `/query?sql=` on its own database (`&url=` on
 * another), `/tcp?host=&port=` whether a connection opens, `/env` its environment.
 */
export const databaseApp = (): Files => ({
  Dockerfile: 'FROM paas/node:24\nWORKDIR /app\nCOPY . .\nCMD ["node", "server.mjs"]\n',
  'server.mjs': server,
  ...Object.fromEntries([...packagesFor('mysql2')].flatMap(filesOf)),
})

const server = `
import { createServer } from 'node:http'
import { connect } from 'node:net'
import mysql from 'mysql2/promise'
async function query(url, sql) {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: 3000 })
  try { return (await connection.query(sql))[0] } finally { connection.destroy() }
}
function tcp(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1500 })
    socket.on('connect', () => { socket.destroy(); resolve('open') })
    socket.on('timeout', () => { socket.destroy(); resolve('timeout') })
    socket.on('error', (error) => resolve(error.code))
  })
}
createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app')
  const get = (name) => searchParams.get(name)
  try {
    const answer = pathname === '/query' ? await query(get('url') ?? process.env.DATABASE_URL, get('sql'))
      : pathname === '/tcp' ? await tcp(get('host'), Number(get('port')))
      : pathname === '/env' ? process.env : 'here'
    response.end(JSON.stringify(answer))
  } catch (error) {
    response.statusCode = 500
    response.end(String(error.message))
  }
}).listen(Number(process.env.PORT))
`

function packagesFor(name: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(name)) return found
  found.add(name)
  const { dependencies = {} } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  for (const each of Object.keys(dependencies)) packagesFor(each, found)
  return found
}

function filesOf(name: string): [string, Uint8Array][] {
  const folder = join(modules, name)
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(c?js|json)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [join('node_modules', name, file.slice(folder.length + 1)), readFileSync(file)])
}
