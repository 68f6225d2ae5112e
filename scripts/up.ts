import { up } from './bring-up.ts'
import { offerBaseImages } from './offer-base-images.ts'
import { runEntry } from './run-entry.ts'

await runEntry(async () => {
  const { settings } = await up()
  await offerBaseImages(settings)
})
