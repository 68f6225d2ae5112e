import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { UserError } from '../server/errors.ts'
import { readSettings } from '../server/settings.ts'
import { ensureBaseImages } from './base-images.ts'
import { sayFindings } from './chaos/say-findings.ts'
import type { Finding } from './chaos/section.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'
import { measuredAlone, type Row, rows } from './security/rows.ts'

/** How many times as many tries as `make test` makes. */
const attackFactor = 20

// What is promised under attack, beside what the attacks have measured. Words after the script's name choose rows.
await runEntry(async () => {
  const wanted = chooseRows(process.argv.slice(2))
  await ensureBaseImages(readSettings().dockerHost, ['busybox', 'node'])
  const files = [...new Set(wanted.flatMap(({ attacks }) => attacks.map(([file]) => file)))]
  say.step(`Attacking: ${files.length} files of tests`)
  const together = files.filter((file) => !measuredAlone.has(file))
  const alone = files.filter((file) => measuredAlone.has(file))
  const attacked = [...(await attack(together)), ...(await attack(alone))]
  const findings = wanted.map((row) => findingOf(row, attacked))
  sayFindings('Promises, and what the attacks have measured', findings)
})

function chooseRows(named: readonly string[]): readonly Row[] {
  const unknown = named.find((name) => !rows.some(({ row }) => row === name))
  if (unknown !== undefined)
    throw new UserError(`There is no row "${unknown}"`, {
      next: `There are: ${rows.map(({ row }) => row).join(', ')}`,
    })
  return named.length === 0 ? rows : rows.filter(({ row }) => named.includes(row))
}

/** One test as vitest's JSON reporter tells it. */
type Attack = {
  readonly file: string
  readonly fullName: string
  readonly status: string
  readonly meta: { readonly figure?: { readonly measured: string; readonly holds?: boolean } }
}

async function attack(files: readonly string[]): Promise<readonly Attack[]> {
  if (files.length === 0) return []
  const folder = mkdtempSync(join(tmpdir(), 'paas-security-'))
  const report = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=./test/reporter.ts', '--reporter=json', `--outputFile.json=${report}`]
    // A test that fails is a promise that falls short: the table says so.
    await execa('vitest', ['run', ...reporters, ...files], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ATTACK_FACTOR: String(attackFactor) },
      reject: false,
    })
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
      testResults: { name: string; assertionResults: Omit<Attack, 'file'>[] }[]
    }
    return testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map((each) => ({ ...each, file: name })),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** An attack that was not made has shown nothing. */
function findingOf({ row, promise, attacks }: Row, all: readonly Attack[]): Finding {
  const made = attacks.map(([file, named]) =>
    all.filter((each) => each.file.endsWith(`/${file}`) && (named?.test(each.fullName) ?? true)),
  )
  const found = made.flat()
  const failed = found.filter(({ status }) => status !== 'passed')
  const figures = found.flatMap(({ meta }) => meta.figure ?? [])
  const counts =
    failed.length === 0 ? `${found.length} held off` : `${failed.length} of ${found.length} not held off`
  return {
    row,
    promise,
    measured: [counts, ...figures.map(({ measured }) => measured)].join('; '),
    holds:
      failed.length === 0 &&
      made.every((each) => each.length > 0) &&
      figures.every(({ holds = true }) => holds),
  }
}
