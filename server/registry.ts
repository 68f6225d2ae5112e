import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Right } from './command.ts'
import { UsageError } from './errors.ts'
import { hintFor } from './hints.ts'

const rights: ReadonlySet<Right> = new Set(['anyone', 'create', 'view', 'develop', 'own', 'admin'])

/** All commands by name and alias. */
export type Registry = {
  readonly commands: ReadonlyMap<string, Command>
  /** Throws `UsageError` with the nearest known name. */
  find(name: string): { readonly name: string; readonly command: Command }
}

/**
 * Loads every file below `folder`; its path is its name. Throws where one declares no right, summary or example,
 * or two claim a name: the server then does not start.
 */
export async function loadRegistry(
  folder: string = join(import.meta.dirname, 'commands'),
): Promise<Registry> {
  const loaded = new Map<string, Command>()
  const names = new Map<string, string>()
  const claim = (word: string, name: string): void => {
    if (names.has(word))
      throw new Error(`The command name ${word} is claimed twice: by ${names.get(word)} and ${name}`)
    names.set(word, name)
  }
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
  for (const file of files) {
    const name = file
      .replace(/\.ts$/, '')
      .replace(/\/index$/, '')
      .replaceAll('/', ':')
    const { default: command } = (await import(join(folder, file))) as { default?: Command }
    if (!command || !rights.has(command.right)) throw new Error(`The command ${name} declares no right`)
    if (!command.summary) throw new Error(`The command ${name} declares no summary`)
    if (!command.examples?.length) throw new Error(`The command ${name} declares no example`)
    loaded.set(name, command)
    claim(name, name)
    for (const alias of command.aliases ?? []) claim(alias, name)
  }
  const commands = new Map([...loaded].sort(([a], [b]) => (a < b ? -1 : 1)))
  return {
    commands,
    find(word) {
      const name = names.get(word)
      const command = name === undefined ? undefined : commands.get(name)
      if (name !== undefined && command) return { name, command }
      const hint = hintFor(word)
      if (hint !== undefined) throw new UsageError(`${word.slice(0, 60)} is not needed here`, { next: hint })
      const near = nearest(word.slice(0, 60), [...names.keys()])
      throw new UsageError(`There is no command "${word.slice(0, 60)}"`, {
        next: near ? `Did you mean ${near}? All commands: help` : 'All commands: help',
      })
    },
  }
}

/** The candidate with the fewest edits, where that is near enough to be a slip. */
function nearest(word: string, candidates: readonly string[]): string | undefined {
  const scored = candidates.map((candidate) => ({ candidate, distance: edits(word, candidate) }))
  const best = scored.sort((a, b) => a.distance - b.distance)[0]
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.candidate : undefined
}

/** Levenshtein distance. */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= Math.min(from.length, 60); i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
