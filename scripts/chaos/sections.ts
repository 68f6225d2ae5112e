import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { UserError } from '../../server/errors.ts'
import type { Section } from './section.ts'

const folder = join(import.meta.dirname, 'sections')

/**
 * The sections that are to run: those `named`, else all that leave Docker alone, by name.
 * @param options.restartDocker the person allows it. Throws `UserError` where a section needs that, or there is none of a name
 */
export async function chooseSections(
  named: readonly string[],
  options: { readonly restartDocker: boolean },
): Promise<ReadonlyMap<string, Section>> {
  const all = await loadSections()
  const unknown = named.find((name) => !all.has(name))
  if (unknown !== undefined) {
    throw new UserError(`There is no section "${unknown}"`, {
      next: `There are: ${[...all.keys()].join(', ')}`,
    })
  }
  const refused = named.find((name) => all.get(name)?.restartsDocker && !options.restartDocker)
  if (refused !== undefined) {
    throw new UserError(`"${refused}" restarts Docker, for everybody on this machine`, {
      next: `If that is what you want: make chaos SECTIONS=${refused} RESTART_DOCKER=1`,
    })
  }
  const wanted = (name: string, section: Section): boolean =>
    named.length === 0 ? !section.restartsDocker : named.includes(name)
  return new Map([...all].filter(([name, section]) => wanted(name, section)))
}

async function loadSections(): Promise<ReadonlyMap<string, Section>> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort()
  const modules = await Promise.all(
    names.map((name) => import(join(folder, `${name}.ts`)) as Promise<{ default: Section }>),
  )
  return new Map(modules.map((module, index) => [names[index] ?? '', module.default]))
}
