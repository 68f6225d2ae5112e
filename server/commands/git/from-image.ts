import { assertRight } from '../../access.ts'
import type { Call, Command } from '../../command.ts'
import { deployImage, type ImageAsked } from '../../deploy/from-image.ts'
import { parseImageName } from '../../docker/image-name.ts'
import { NoSuchAppError, UserError } from '../../errors.ts'
import { nextReleaseLine } from '../../plan.ts'
import { findVisible } from '../../resolve-app.ts'

export default {
  summary: 'Release an image that is made already: by its name, or APP@v3 for that of a release of your apps',
  right: 'develop',
  plans: true,
  app: 'required',
  arguments: [{ name: 'IMAGE', audit: 'whole', required: true, looks: (word) => /[/:@.]/.test(word) }],
  flags: { pull: { summary: 'Ask the registry also where the image is here' } },
  aliases: ['addimage'],
  examples: [
    'git:from-image blog registry.example.com/team/blog:v3',
    'git:from-image blog2 blog@v3',
    'git:from-image blog nginx:1.27 --pull',
  ],
  async run(call) {
    const { paas, app, words, out, job, planned } = call
    const image = imageAsked(call)
    planned(() => [`image: ${words[0]}`, nextReleaseLine(paas, app)])
    const { version } = await deployImage(paas, { ...job, image })
    out.result({ app: app.name, release: `v${version}` }, () => {})
  },
} satisfies Command

/** No image's name has `@v3` in it. */
function imageAsked({ paas, user, words, flags }: Call): ImageAsked {
  const [, name, version] = /^([^@]+)@v(\d{1,9})$/.exec(words[0] ?? '') ?? []
  if (name === undefined) return { name: parseImageName(words[0] ?? ''), pull: flags.has('pull') }
  const of = findVisible(paas.store, user, name)
  if (!of) throw new NoSuchAppError(name)
  assertRight(paas.store, user, 'develop', of)
  const release = paas.store.releases.find(of.id, Number(version))
  if (release) return { of, release }
  throw new UserError(`${of.name} has no release v${version}`, { next: `Its releases: releases ${of.name}` })
}
