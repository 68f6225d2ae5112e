import { writeFileSync } from 'node:fs'
import { startInstance, until } from './instance.ts'

const p = await startInstance({ MYSQL_URL: '' })
await until('MariaDB answers', async () => (await p.ssh('mysql:create first')).exitCode === 0)
writeFileSync('/tmp/mysql-try.cfg', p.sshConfig + '\n' + p.home + '\n' + p.id)
process.on('SIGTERM', async () => {
  await p[Symbol.asyncDispose]()
  process.exit(0)
})
setInterval(() => {}, 1e6)
