import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BuildPlan, Buildpack } from '../../server/build/buildpack.ts'
import { loadBuildpacks } from '../../server/build/buildpacks.ts'
import { UserError } from '../../server/errors.ts'
import { printable } from '../../server/git/printable.ts'
import { folderTree, plainSettings, textTree } from './folder-tree.ts'

const folder = join(import.meta.dirname, '..', '..', 'buildpacks')
const folders = (...path: string[]): string[] => {
  const place = join(folder, ...path)
  const entries = existsSync(place) ? readdirSync(place, { withFileTypes: true }) : []
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

let all: ReadonlyMap<string, Buildpack>
beforeAll(async () => {
  all = await loadBuildpacks()
})

describe.each(folders())('the buildpack %s', (name) => {
  const buildpack = (): Buildpack => {
    const found = all.get(name)
    if (!found) throw new Error(`buildpacks/${name} has no buildpack.ts`)
    return found
  }

  test('has a page of what it reads, a base image and fixtures', async () => {
    expect(existsSync(join(folder, name, 'README.md'))).toBe(true)
    expect(existsSync(join(folder, name, 'base-image.ts'))).toBe(true)
    expect(folders(name, 'fixtures')).not.toEqual([])
    expect(buildpack().looksFor).not.toEqual([])
  })

  test('does not recognise a tree that has nothing for it', () => {
    expect(buildpack().recognises(textTree({}), {})).toBe(false)
    expect(buildpack().recognises(textTree({ 'README.md': 'x', 'src/main.rs': 'fn main() {}' }), {})).toBe(
      false,
    )
  })

  describe.each(folders(name, 'fixtures'))('its fixture %s', (fixture) => {
    const tree = folderTree(join(folder, name, 'fixtures', fixture))
    let plan: BuildPlan
    beforeAll(async () => {
      plan = await buildpack().plan(tree, plainSettings)
    })

    test('is recognised by it before all others', () => {
      const first = [...all].find(([, each]) => each.recognises(tree, {}))
      expect(first?.[0]).toBe(name)
    })

    test('has instructions that Docker 20.10 reads, and no version is left open', () => {
      const lines = instructions(plan.dockerfile)
      expect(lines[0]).toMatch(/^(FROM|ARG) /)
      for (const line of lines) expect(line).toMatch(known)
      expect(plan.dockerfile).not.toMatch(/<<|^#\s*syntax/m)
      const stages = lines.flatMap((line) => /^FROM \S+ AS (\S+)$/.exec(line)?.[1] ?? [])
      for (const line of lines.filter((each) => each.startsWith('FROM '))) {
        const from = line.split(' ')[1] ?? ''
        expect(stages.includes(from) || /^[\w./-]+:[\w.-]*\d[\w.-]*$/.test(from), line).toBe(true)
      }
      // Whatever is installed by name is installed by version too.
      for (const line of lines.filter((each) =>
        /\b(npm install|pip install|composer require)\b/.test(each),
      )) {
        const words = line.replace(/^.*?\b(npm install|pip install|composer require)\b/, '').split(/\s+/)
        const names = words.filter((word) => /^@?[A-Za-z]/.test(word) && !word.startsWith('/'))
        for (const each of names) expect(each).toMatch(/^@?[\w./-]+(@|==|:)\d/)
      }
    })

    test('does not run as root, and its caches are its app’s own', () => {
      const lines = instructions(plan.dockerfile)
      const users = lines.filter((line) => line.startsWith('USER '))
      expect(users.at(-1)).toMatch(/^USER (?!root|0)\w/)
      const mounts = [...plan.dockerfile.matchAll(/--mount=(\S+)/g)].map((match) => match[1] ?? '')
      for (const mount of mounts) expect(mount).toContain(`id=${plainSettings.cacheKey}-`)
    })

    test('comes with notes for a terminal, and files of its own place', () => {
      expect(plan.notes).not.toEqual([])
      for (const note of plan.notes) {
        expect(printable(note)).toBe(note)
        expect(note).toMatch(/^\S[^\n]*$/)
      }
      for (const file of plan.files ?? []) expect(file.path).toMatch(/^\.paas\/[a-z.-]+$/)
    })

    test('starts by itself, unless a Procfile says how', async () => {
      expect(Object.keys(plan.processes)).toEqual(['web'])
      const worker = { procfile: { worker: 'true' } }
      const other = await buildpack().plan(tree, { ...plainSettings, ...worker })
      expect(other.dockerfile).toMatch(/^FROM /)
    })

    test('is planned the same way each time', async () => {
      expect(await buildpack().plan(tree, plainSettings)).toEqual(plan)
    })
  })

  test.each(folders(name, 'refused'))('refuses %s, and says what to type', async (fixture) => {
    const tree = folderTree(join(folder, name, 'refused', fixture))
    expect(buildpack().recognises(tree, {})).toBe(true)
    const refusal = await buildpack()
      .plan(tree, plainSettings)
      .then(
        () => undefined,
        (error: unknown) => error,
      )
    expect(refusal).toBeInstanceOf(UserError)
    expect((refusal as UserError).next).toMatch(/\w/)
    expect(printable((refusal as UserError).message)).toBe((refusal as UserError).message)
  })
})

test('each base image is one that a Dockerfile of its buildpack begins with', async () => {
  for (const name of folders()) {
    const { default: image } = (await import(join(folder, name, 'base-image.ts'))) as {
      default: { tag: string }
    }
    const plans = await Promise.all(
      folders(name, 'fixtures').map((fixture) =>
        all.get(name)?.plan(folderTree(join(folder, name, 'fixtures', fixture)), plainSettings),
      ),
    )
    expect(plans.some((plan) => plan?.dockerfile.includes(`FROM ${image.tag}`))).toBe(true)
    expect(readFileSync(join(folder, name, 'README.md'), 'utf8')).toContain(image.tag)
  }
})

const known =
  /^(FROM|ARG|ENV|RUN|COPY|WORKDIR|USER|CMD|EXPOSE|STOPSIGNAL|LABEL|ENTRYPOINT|HEALTHCHECK|VOLUME|SHELL)\s+\S/

/** Whole instructions, their continuation lines joined. */
const instructions = (dockerfile: string): string[] =>
  dockerfile
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
