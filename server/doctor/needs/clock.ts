import type { Need } from '../need.ts'

/** Before this the machine has not set its clock: certificates and lifetimes would be wrong. */
const earliest = Date.parse('2026-01-01T00:00:00Z')
const mostSkewMs = 5_000

export default {
  order: 70,
  title: 'Clock',
  async look({ engine }, signal) {
    const asked = Date.now()
    const { now } = await engine.machine({ signal })
    const answered = Date.now()
    const skewMs = Math.max(0, asked - now.getTime(), now.getTime() - answered)
    const saw = `${new Date().toISOString().slice(0, 19)}Z; Docker's differs by ${(skewMs / 1000).toFixed(0)} s`
    const holds = answered > earliest && skewMs <= mostSkewMs
    return holds ? { holds, saw } : { holds, saw, next: 'On the server: timedatectl set-ntp true' }
  },
} satisfies Need
