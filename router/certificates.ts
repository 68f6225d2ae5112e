import { access, constants, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Haproxy, HaproxyError } from './haproxy.ts'
import type { RouterPaths } from './paths.ts'
import type { Report } from './report.ts'

/** Certificate file to the hosts that it is for. */
type Wanted = ReadonlyMap<string, readonly string[]>

/** Keeps the certificates of the running HAProxy, and of the next one, as they are wanted. */
export type Certificates = {
  /**
   * Makes HAProxy have those of `wanted` that can be had: new ones in before old ones go. What is missing or refused
   * is reported, and keeps no other from being served. Returns whether anything had to be done; throws `HaproxyError`
   * where HAProxy does not answer.
   */
  load(wanted: Wanted): Promise<boolean>
  /** The list that HAProxy starts from: a file that it could not read would keep it from starting. */
  list(wanted: Wanted): Promise<string>
  /** HAProxy may have others than those that were loaded. */
  forget(): void
}

/** Those of the HAProxy that `haproxy` speaks to. */
export function createCertificates(haproxy: Haproxy, paths: RouterPaths, report: Report): Certificates {
  const refused = new Set<string>()
  const missed = new Set<string>()
  /** Files that are wanted and have been found: only other content has another name. */
  let loaded: string | undefined

  return {
    async load(wanted) {
      const key = JSON.stringify([...wanted])
      if (key === loaded) return false
      const actual = await haproxy.certificates()
      let isWhole = true
      const usable: { file: string; host: string }[] = []
      for (const [name, hosts] of wanted) {
        const file = join(paths.certificates, name)
        if (!actual.files.includes(file) && !(await isAdded(name, file))) isWhole = false
        else usable.push(...hosts.map((host) => ({ file, host })))
      }
      await haproxy.addCertificateLines(
        usable.filter((line) => !actual.lines.some((has) => isSame(has, line))),
      )
      const surplus = actual.lines.filter((line) => !usable.some((wants) => isSame(wants, line)))
      await haproxy.run([
        ...surplus.map(({ file, number }) => `del ssl crt-list ${paths.certificateList} ${file}:${number}`),
        ...actual.files
          .filter((file) => !usable.some((line) => line.file === file))
          .map((file) => `del ssl cert ${file}`),
      ])
      loaded = isWhole ? key : undefined
      return true
    },
    async list(wanted) {
      const lines: string[] = []
      for (const [name, hosts] of wanted) {
        const file = join(paths.certificates, name)
        if (refused.has(name) || !(await isReadable(file))) continue
        for (const host of hosts) lines.push(`${file} ${host}\n`)
      }
      return lines.join('')
    },
    forget() {
      loaded = undefined
    },
  }

  async function isAdded(name: string, file: string): Promise<boolean> {
    if (refused.has(name)) return false
    if (!(await isReadable(file))) {
      if (!missed.has(name)) report(`the certificate ${file} is not there`)
      missed.add(name)
      return false
    }
    try {
      await haproxy.addCertificate(file, await readFile(file, 'utf8'))
      return true
    } catch (error) {
      if (!(error instanceof HaproxyError) || !error.message.startsWith('HAProxy refused')) throw error
      report(error.message)
      refused.add(name)
      return false
    }
  }
}

const isReadable = (file: string): Promise<boolean> =>
  access(file, constants.R_OK).then(
    () => true,
    () => false,
  )

const isSame = (one: { file: string; host: string }, other: { file: string; host: string }): boolean =>
  one.file === other.file && one.host === other.host
