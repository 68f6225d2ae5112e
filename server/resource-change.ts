import type { Call } from './command.ts'
import type { Flags } from './command-line/flags.ts'
import { parseSize, sizeText } from './command-line/size.ts'
import { limit } from './deploy/limit.ts'
import { assertProcess, currentRelease } from './deploy/release.ts'
import { UsageError, UserError } from './errors.ts'
import type { Paas } from './paas.ts'
import type { App } from './state/apps.ts'
import {
  type Limits,
  limitsOf,
  oneOffType,
  type ResourcesOfApp,
  resourceOf,
  type Share,
} from './state/resources.ts'

/** The options of `resource:limit` and `resource:reserve`. */
export const shareFlags = {
  cpu: { value: 'N', summary: 'CPUs: 0.5 is half of one' },
  memory: { value: 'SIZE', summary: 'Memory: 512m, 2g; a bare number is MB' },
  'process-type': {
    value: 'TYPE',
    summary: 'Of this type alone: web, worker; run: of one-off containers. Without: of all without their own',
  },
} as const

/** Docker does not start a container with less. */
const leastMemoryBytes = 16 * 1024 ** 2
const leastCpus = 0.01

/**
 * Changes what each container of the app's process types may use (`limit`) or is to have (`reserve`), and says what
 * holds. Throws `UsageError` where no figure is given or one is none, `UserError` where it does not fit.
 */
export async function changeShare(call: Call, which: 'limit' | 'reserve'): Promise<void> {
  const { paas, app, flags, job, signal } = call
  const type = typeOf(paas, app, flags)
  const wanted: Partial<Share> = {
    ...(flags.has('cpu') ? { cpus: cpusOf(flags.value('cpu') ?? '') } : {}),
    ...(flags.has('memory') ? { memoryBytes: memoryOf(flags.value('memory') ?? '') } : {}),
  }
  if (Object.keys(wanted).length === 0)
    throw new UsageError(`resource:${which} needs --cpu N or --memory SIZE`, {
      next: `For instance: resource:${which} ${app.name} --memory 1g --process-type web; what holds: resource:report ${app.name}`,
    })
  const machine = await paas.engine.machine({ signal })
  if ((wanted.cpus ?? 0) > machine.cpus || (wanted.memoryBytes ?? 0) > machine.memoryBytes)
    throw new UserError(
      `The machine has ${machine.cpus} CPUs and ${sizeText(machine.memoryBytes)} of memory`,
      { next: 'Choose less' },
    )
  const resources = await limit(paas, {
    ...job,
    change: (before) => {
      const own = resourceOf(before, type)
      return fitting({ ...before, [type]: { ...own, [which]: { ...own[which], ...wanted } } })
    },
  })
  sayLimits(call, resources, type)
}

/** Forgets what was said, of one process type or of all: the rule holds again. */
export async function clearShare(call: Call, which: 'limit' | 'reserve'): Promise<void> {
  const { paas, app, flags, job } = call
  const type = flags.has('process-type') ? typeOf(paas, app, flags) : undefined
  const none: Share = { cpus: null, memoryBytes: null }
  const resources = await limit(paas, {
    ...job,
    change: (before) =>
      fitting(
        Object.fromEntries(
          Object.entries(before)
            .map(
              ([name, own]) =>
                [name, type === undefined || name === type ? { ...own, [which]: none } : own] as const,
            )
            .filter(([, { limit, reserve }]) => [limit, reserve].some(isSaid)),
        ),
      ),
  })
  sayLimits(call, resources, type ?? '*')
}

/** `1 CPU, 512 MB, keeps 256 MB` */
export function limitsInWords({ cpus, memoryBytes, reservedCpus, reservedMemoryBytes }: Limits): string {
  const kept = [
    ...(reservedCpus === undefined ? [] : [cpuText(reservedCpus)]),
    ...(reservedMemoryBytes === undefined ? [] : [sizeText(reservedMemoryBytes)]),
  ]
  return [
    cpuText(cpus),
    sizeText(memoryBytes),
    ...(kept.length > 0 ? [`keeps ${kept.join(' and ')}`] : []),
  ].join(', ')
}

function typeOf(paas: Paas, app: App, flags: Flags): string {
  const type = flags.value('process-type')
  if (type === undefined) return '*'
  if (type === 'build')
    throw new UserError('Builds cannot be limited by app: BuildKit takes no limit for one build', {
      next: 'The limits of running processes: resource:limit --process-type web --memory 512m',
    })
  // Before the first release nobody knows which there will be.
  if (type !== oneOffType && app.release !== null) assertProcess(app, currentRelease(paas, app), type)
  if (!/^[A-Za-z0-9_-]{1,30}$/.test(type))
    throw new UsageError(`"${type.slice(0, 40)}" is no process type`, {
      next: 'For instance: --process-type web',
    })
  return type
}

function cpusOf(word: string): number {
  const cpus = /^\d{1,4}(\.\d{1,3})?$/.test(word) ? Number(word) : 0
  if (cpus >= leastCpus) return cpus
  throw new UsageError(`--cpu ${word.slice(0, 40)} is not a number of CPUs from ${leastCpus}`, {
    next: 'For instance: --cpu 0.5',
  })
}

function memoryOf(word: string): number {
  const bytes = parseSize(/^\d+(\.\d+)?$/.test(word) ? `${word}m` : word) ?? 0
  if (bytes >= leastMemoryBytes) return bytes
  throw new UsageError(`--memory ${word.slice(0, 40)} is not a size from ${sizeText(leastMemoryBytes)}`, {
    next: 'For instance: --memory 512m; a bare number is MB',
  })
}

/** Throws `UserError` where a type is to keep more than it may have. */
function fitting(resources: ResourcesOfApp): ResourcesOfApp {
  for (const type of ['*', ...Object.keys(resources)]) {
    const limits = limitsOf(resources, type)
    const tooMuch =
      (limits.reservedMemoryBytes ?? 0) > limits.memoryBytes || (limits.reservedCpus ?? 0) > limits.cpus
    if (tooMuch)
      throw new UserError(`${typeText(type)} would keep more than the limit: ${limitsInWords(limits)}`, {
        next: 'Raise the limit first (resource:limit), or clear what it keeps: resource:reserve-clear',
      })
  }
  return resources
}

function sayLimits({ app, out }: Call, resources: ResourcesOfApp, type: string): void {
  const limits = limitsOf(resources, type)
  out.result({ app: app.name, type, ...limits }, () =>
    out.step(
      `${app.name}, ${typeText(type)}: ${limitsInWords(limits)} each${app.release === null ? ', from the first deploy on' : ''}`,
    ),
  )
}

const isSaid = ({ cpus, memoryBytes }: Share): boolean => cpus !== null || memoryBytes !== null
const cpuText = (cpus: number): string => `${cpus} CPU${cpus === 1 ? '' : 's'}`
const typeText = (type: string): string => (type === '*' ? 'every type' : type)
