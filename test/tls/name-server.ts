import { randomBytes } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { freePort } from '../free-port.ts'
import { until } from '../instance.ts'

/** Debian's BIND as the name server of example.com, whose zone whoever has the key may change. */
export type NameServer = AsyncDisposable & {
  readonly port: number
  /** As `nsupdate -k` reads it. */
  readonly keyFile: string
  /** The values of the TXT records of `name`. */
  txt(name: string): Promise<readonly string[]>
}

/** Unpacked and not installed: a machine that runs tests has no name server of the system's from then on. */
export async function startNameServer(): Promise<NameServer> {
  const folder = mkdtempSync(join(tmpdir(), 'paas-name-server-'))
  const ended = new AbortController()
  const dispose = async (): Promise<void> => {
    ended.abort()
    await named
    rmSync(folder, { recursive: true })
  }
  let named: Promise<unknown> = Promise.resolve()
  try {
    const port = await freePort()
    const { command, libraries } = await unpack(folder)
    const keyFile = configure(folder, port)
    const child = execa(command, ['-g', '-c', join(folder, 'named.conf')], {
      cancelSignal: ended.signal,
      reject: false,
      env: { LD_LIBRARY_PATH: libraries },
      stdin: 'ignore',
      stdout: 'ignore',
    })
    let said: string | undefined
    named = child.then(({ stderr }) => {
      said = stderr
    })
    const resolver = new Resolver({ timeout: 2_000 })
    resolver.setServers([`127.0.0.1:${port}`])
    await until('the name server answers', async () => {
      if (said !== undefined) throw new Error(`named ended: ${said}`)
      return (await resolver.resolveSoa('example.com').catch(() => undefined)) !== undefined
    })
    return {
      port,
      keyFile,
      txt: async (name) => (await resolver.resolveTxt(name).catch(none)).flat(),
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** With the libraries of its version: what is installed may have brought others. */
async function unpack(folder: string): Promise<{ readonly command: string; readonly libraries: string }> {
  // Else apt downloads as a user of its own, who may not write here.
  const words = ['-o', 'APT::Sandbox::User=root', 'download', 'bind9', 'bind9-libs']
  await execa('apt-get', words, { cwd: folder })
  const archives = readdirSync(folder).filter((name) => name.endsWith('.deb'))
  for (const archive of archives) await execa('dpkg-deb', ['-x', join(folder, archive), folder])
  const usr = join(folder, 'usr')
  const triplet = readdirSync(join(usr, 'lib')).find((name) => name.includes('-linux-gnu')) ?? ''
  return { command: join(usr, 'sbin', 'named'), libraries: join(usr, 'lib', triplet) }
}

function configure(folder: string, port: number): string {
  const secret = randomBytes(32).toString('base64')
  const keyFile = join(folder, 'paas-dns.key')
  writeFileSync(keyFile, `key "paas" { algorithm hmac-sha256; secret "${secret}"; };\n`, { mode: 0o600 })
  writeFileSync(join(folder, 'zone'), '$TTL 60\n@ SOA ns1 admin 1 60 60 60 1\n@ NS ns1\nns1 A 127.0.0.1\n')
  writeFileSync(
    join(folder, 'named.conf'),
    `include "${keyFile}";
controls {};
options {
  directory "${folder}"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
};
zone "example.com" { type primary; file "zone"; update-policy { grant paas subdomain example.com. TXT; }; };
`,
  )
  return keyFile
}

// A name without such records.
const none = (error: NodeJS.ErrnoException): readonly string[][] => {
  if (['ENODATA', 'ENOTFOUND'].includes(error.code ?? '')) return []
  throw error
}
