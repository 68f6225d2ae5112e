import { randomInt } from 'node:crypto'
import { readSettings } from '../server/settings.ts'
import { startInstance } from '../test/instance.ts'
import { assertModel } from '../test/model/assert-model.ts'
import { ensureBaseImages } from './base-images.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

const minutes = Number(process.env.MINUTES ?? 60)
const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
const mostCommands = 40

// Random commands of several people against an instance of its own, for an hour, each compared with the model.
await runEntry(async () => {
  await ensureBaseImages(readSettings().dockerHost, ['busybox'])
  await using paas = await startInstance()
  say.step(`Random commands for ${minutes} minutes; the same again: make soak SEED=${seed}`)
  await assertModel(paas, {
    seed,
    runs: 1_000_000,
    mostCommands,
    limitMs: minutes * 60_000,
    onCommand: say.detail,
  })
  say.heading('No difference')
})
