import { changeCertificate } from '../../certificate-change.ts'
import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'

export default {
  summary:
    'Set redirect (http to https, on by rule) or hsts (browsers come by https alone for a year, off by rule)',
  right: 'develop',
  app: 'required',
  arguments: [
    { name: 'PROPERTY', required: true, looks: (word) => isSetting(word) },
    { name: 'on|off', required: true },
  ],
  examples: ['certs:set blog redirect off', 'certs:set blog hsts on'],
  async run(call) {
    const { paas, app, words, out } = call
    const [name = '', value = ''] = words
    if (!isSetting(name))
      throw new UsageError(`certs:set does not know "${name.slice(0, 40)}"`, {
        next: 'It knows redirect, hsts',
      })
    if (value !== 'on' && value !== 'off')
      throw new UsageError(`${name} is on or off`, { next: `certs:set ${app.name} ${name} on` })
    await changeCertificate(call, () => paas.store.routeSettings.set(app.id, name, value === 'on'))
    out.result({ app: app.name, [name]: value }, () =>
      out.step(
        `${name} is ${value}${paas.store.certificates.of(app.id) ? '' : '; it holds once there is a certificate'}`,
      ),
    )
  },
} satisfies Command

const isSetting = (word: string): word is 'redirect' | 'hsts' => word === 'redirect' || word === 'hsts'
