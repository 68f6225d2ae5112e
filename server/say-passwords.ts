import type { Output } from './output.ts'

/** Says the passwords that an app's visitors got with it, once. */
export function sayPasswords(out: Output, passwords: Readonly<Record<string, string>>): void {
  const all = Object.entries(passwords)
  if (all.length === 0) return
  out.detail('Who may visit it, with passwords of its own, shown this once:')
  for (const [name, password] of all) out.detail(`  ${name}: ${password}`)
}
