import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { UnavailableError, UserError } from '../server/errors.ts'
import { readSettings } from '../server/settings.ts'
import { up } from './bring-up.ts'
import { systemdRuns } from './engine.ts'
import { checkout } from './instance.ts'
import { layout } from './layout.ts'
import { offerBaseImages } from './offer-base-images.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'
import { stopPart } from './stop-part.ts'
import { units } from './units.ts'

await runEntry(async () => {
  const destination = process.argv[2] || '/'
  const settings = readSettings()
  const files = units(settings, checkout)
  if (destination === '/') refuseWithoutSystemd()

  say.step(`Writing the units of the instance in ${settings.home}`)
  for (const { path, mode, content } of files) {
    const file = join(destination, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content, { mode })
    await chmod(file, mode)
    say.detail(file)
  }
  if (destination !== '/') return

  const places = layout(settings.home)
  for (const name of ['server', 'router', 'haproxy', 'redis', 'mysql', 'rotate'] as const) {
    await stopPart(name, places)
  }
  await execa('systemctl', ['daemon-reload'])
  const names = files
    .map(({ path }) => path.split('/').at(-1) ?? '')
    .filter((name) => /\.(service|socket)$/.test(name))
  await execa('systemctl', ['enable', ...names])
  await up()
  await offerBaseImages(settings)
})

function refuseWithoutSystemd(): void {
  if (process.getuid?.() !== 0)
    throw new UserError('Only root installs systemd units', { next: 'sudo make install' })
  if (!systemdRuns()) {
    throw new UnavailableError('systemd does not run on this machine, so there is nothing to install into', {
      next: 'make up runs everything without it; make install DESTDIR=folder only writes the units',
    })
  }
}
