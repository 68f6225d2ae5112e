import { execa } from 'execa'
import { UnavailableError } from '../errors.ts'

/** For one call: it takes 10 ms where 200 apps are walled in. */
const timeoutMs = 10_000

/** Hands `rules` to the kernel: all of them or none. Throws `UnavailableError` with nft's own words. */
export async function loadRules(rules: string): Promise<void> {
  const loaded = await nft(['-f', '-'], rules)
  if (loaded.failed) throw unavailable(loaded)
}

/** A table (`inet NAME`) as the kernel has it; undefined where there is none. Throws `UnavailableError`. */
export async function listTable(table: string): Promise<string | undefined> {
  const listed = await nft(['list', 'table', ...table.split(' ')])
  if (!listed.failed) return listed.stdout
  if (/^Error: No such file or directory/m.test(listed.stderr)) return undefined
  throw unavailable(listed)
}

type Ran = {
  readonly failed: boolean
  /** The system's, where it did not start: `ENOENT` */
  readonly code: string | undefined
  readonly stdout: string
  readonly stderr: string
  /** execa's; empty where it did not fail. */
  readonly shortMessage: string
}

async function nft(words: readonly string[], input = ''): Promise<Ran> {
  const ran = await execa('nft', words, { input, reject: false, timeout: timeoutMs })
  const { failed, code, stdout, stderr, shortMessage = '' } = ran
  return { failed, code, stdout, stderr, shortMessage }
}

function unavailable({ code, stderr, shortMessage }: Ran): UnavailableError {
  const said = stderr.trim().split('\n')[0] || shortMessage
  if (code === 'ENOENT')
    return new UnavailableError('nftables is not installed here', {
      next: 'As root, on the server: apt-get install nftables',
    })
  if (/not permitted/.test(said))
    return new UnavailableError(`nft may not touch the firewall of this machine: ${said}`, {
      next: 'The server needs root, or CAP_NET_ADMIN at least: on the server, as root, make down and make up',
    })
  return new UnavailableError(`nftables: ${said}`, {
    next: 'See what there is, as root, on the server: nft list ruleset',
  })
}
