import type { Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import type { AcmeSetting } from '../../state/acme.ts'
import { authorities, directoryOf } from '../../tls/letsencrypt.ts'

export default {
  summary:
    'Set email (who gets letters of the authority) or server (letsencrypt, staging or a URL), for all apps',
  right: 'admin',
  app: 'none',
  arguments: [{ name: 'email|server', required: true }, { name: 'VALUE' }],
  examples: [
    'letsencrypt:set email ann@example.com',
    'letsencrypt:set server staging',
    'letsencrypt:set server',
  ],
  async run({ paas, words, out }) {
    const [name = '', text = ''] = words
    if (name !== 'email' && name !== 'server')
      throw new UsageError(`letsencrypt:set does not know "${name.slice(0, 40)}"`, {
        next: 'It knows email, server',
      })
    const value = text === '' ? undefined : parse[name](text)
    paas.store.acme.setSetting(name, value)
    const now = name === 'server' ? directoryOf(paas) : (value ?? null)
    out.result({ [name]: now }, () =>
      out.step(`${name} is ${now ?? 'nobody'}; it holds from the next certificate on`),
    )
  },
} satisfies Command

const parse: Readonly<Record<AcmeSetting, (text: string) => string>> = {
  email(text) {
    if (/^[^\s@,?<>"]{1,64}@[^\s@,?<>"]{1,190}$/.test(text)) return text
    throw new UsageError('That is no email address', { next: 'letsencrypt:set email ann@example.com' })
  },
  server(text) {
    const url = (Object.hasOwn(authorities, text) && authorities[text]) || text
    if (URL.canParse(url) && new URL(url).protocol === 'https:') return url
    throw new UsageError('That is no authority', {
      next: `letsencrypt:set server ${Object.keys(authorities).join('|')}, or the https:// URL of a directory`,
    })
  },
}
