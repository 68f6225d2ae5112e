import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { openTestDoor } from './open-test-door.ts'

test('a client that waits for the key exchange offer before it makes its own is not kept waiting for ever', async () => {
  await using bench = await openTestDoor(async () => 0)
  const socket = connect(bench.door.port, '127.0.0.1')
  let told = ''
  socket.on('data', (chunk) => {
    told += chunk.toString('latin1')
    if (told.includes('curve25519-sha256')) socket.end()
  })
  socket.write('SSH-2.0-patient\r\n')
  await once(socket, 'close')
  expect(told).toMatch(/^SSH-2\.0-paas\r\n.*curve25519-sha256/s)
})
