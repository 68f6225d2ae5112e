import { createRequire } from 'node:module'
import { execa } from 'execa'
import { expect, test } from 'vitest'

const binding = createRequire(import.meta.url).resolve(
  'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node',
)

// With Node's own wrapper the first collection between two tasks ends the process with signal ABRT.
const program = `
  const { GenericDecipher } = require(process.argv[1])
  const key = Buffer.alloc(16)
  let rounds = 0
  const timer = setInterval(() => {
    for (let i = 0; i < 300; i++) new GenericDecipher('aes-128-ctr', key, key, 'sha256', Buffer.alloc(32), true, 32)
    const garbage = Array.from({ length: 20_000 }, (_, i) => ({ i }))
    rounds += garbage.length > 0 ? 1 : 0
    if (rounds < 300) return
    clearInterval(timer)
    console.log('alive')
  }, 1)
`

test('the ciphers of closed connections are collected at any time without harm', async () => {
  const flags = ['--optimize-for-size', '--max-semi-space-size=1']
  const ran = await execa(process.execPath, [...flags, '--eval', program, binding], { reject: false })
  expect(ran).toMatchObject({ stdout: 'alive', exitCode: 0 })
})
