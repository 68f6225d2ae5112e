import { connect } from 'node:net'
import type { ProbeRun } from '../probe.ts'

/** Passes where the port accepts a connection from outside the container. */
export const listening: ProbeRun<'listening'> = async (_paas, subject, probe, { timeoutMs, signal }) => {
  const port = probe.port ?? subject.port
  const passed = await accepts(subject.container.address, port, timeoutMs, signal)
  return {
    passed,
    answered: passed,
    saw: `port ${port} ${passed ? 'accepts' : 'does not accept'} connections`,
  }
}

function accepts(host: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal })
    socket.setTimeout(timeoutMs, () => socket.destroy())
    socket.on('connect', () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}
