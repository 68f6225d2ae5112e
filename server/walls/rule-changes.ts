import { readFileSync } from 'node:fs'
import { monitorRules } from './nft.ts'

/** Whatever is heard or not, after so long rules may have changed. */
const longestMs = 30_000
/** Number of netfilter in the kernel's list of sockets. */
const netfilter = '12'

/**
 * Tells whether somebody may have changed rules of this machine's firewall, for 0.05 ms of CPU a call; to list them
 * instead takes a process and 5 to 8 ms. An `nft monitor` listens (6 MB, no CPU while nothing changes), and what it has not heard of is known:
 * the kernel shows of its socket what waits there unread, and counts what was lost because there was no more room.
 * Stopped, it held some 60,000 changes of elements; all beyond were counted.
 */
export class RuleChanges {
  readonly #closing: AbortSignal
  #monitor: { readonly pid: number | undefined; readonly end: () => void } | undefined
  /** At the last look. */
  #socket: MonitorSocket | undefined
  #heard = false
  #answeredAt = Number.NEGATIVE_INFINITY

  constructor(closing: AbortSignal) {
    this.#closing = closing
  }

  /** Since the last call, or up to its moment. False only where none were made and all that was is heard. */
  mayBe(): boolean {
    const before = this.#socket
    this.#socket = socketOf(this.#monitor?.pid)
    this.#monitor ??= this.#begin()
    const hasLost = before !== undefined && this.#socket !== undefined && this.#socket.lost !== before.lost
    // With as much as it has heard of its memory stays large.
    if (hasLost) this.#monitor.end()
    const isSure =
      before !== undefined && this.#socket?.inode === before.inode && !hasLost && this.#socket.unread === '0'
    const now = performance.now()
    if (isSure && !this.#heard && now - this.#answeredAt < longestMs) return false
    this.#heard = false
    this.#answeredAt = now
    return true
  }

  #begin(): { readonly pid: number | undefined; readonly end: () => void } {
    const ending = new AbortController()
    const hear = (): void => {
      this.#heard = true
    }
    const { pid, ended } = monitorRules(hear, AbortSignal.any([this.#closing, ending.signal]))
    const monitor = { pid, end: () => ending.abort() }
    ended.finally(() => {
      if (this.#monitor === monitor) this.#monitor = undefined
    })
    return monitor
  }
}

/** As `/proc/net/netlink` has it. */
type MonitorSocket = { readonly inode: string; readonly unread: string; readonly lost: string }

/** undefined: it does not listen, not yet or not any more. */
function socketOf(pid: number | undefined): MonitorSocket | undefined {
  for (const line of pid === undefined ? [] : readSockets().split('\n')) {
    const [, protocol, owner, groups, unread, , , , lost, inode] = line.split(/\s+/)
    if (protocol !== netfilter || owner !== String(pid) || Number.parseInt(groups ?? '', 16) === 0) continue
    if (unread !== undefined && lost !== undefined && inode !== undefined) return { inode, unread, lost }
  }
  return undefined
}

function readSockets(): string {
  try {
    return readFileSync('/proc/net/netlink', 'latin1')
  } catch {
    // Without it nothing is sure, and rules are looked at each time.
    return ''
  }
}
