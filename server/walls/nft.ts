import { execa } from 'execa'
import { UnavailableError } from '../errors.ts'

/** For one call: it takes 10 ms where 200 apps are walled in. */
const timeoutMs = 10_000

/** Hands `rules` to the kernel: all of them or none. Throws `UnavailableError` with nft's own words. */
export async function loadRules(rules: string): Promise<void> {
  const { failed, stderr, shortMessage } = await execa('nft', ['-f', '-'], {
    input: rules,
    reject: false,
    timeout: timeoutMs,
  })
  if (!failed) return
  throw new UnavailableError(`nftables: ${stderr.trim().split('\n')[0] || shortMessage}`, {
    next: 'As root, on the server: apt-get install nftables, then make up',
  })
}

/** A table (`inet NAME`) as the kernel has it; undefined where there is none, or nft does not run here. */
export async function listTable(table: string): Promise<string | undefined> {
  const { failed, stdout } = await execa('nft', ['list', 'table', ...table.split(' ')], {
    reject: false,
    timeout: timeoutMs,
  })
  return failed ? undefined : stdout
}
