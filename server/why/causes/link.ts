import { readyAppLinks } from '../../deploy/link-apps.ts'
import { linkHost } from '../../deploy/link-network.ts'
import type { Cause } from '../cause.ts'

export default {
  order: 26,
  looksAt: 'whether the apps that it is linked to answer',
  look: ({ paas, app }) =>
    readyAppLinks(paas, app)
      .filter(({ targetId }) => !answers(paas, targetId))
      .map(({ alias }) => ({
        what: `Nothing answers behind ${linkHost(alias)}: the app there has no web process that runs and is well`,
        details: ['Connections to it are refused; the app itself goes on'],
        next: `links ${app.name}`,
      })),
} satisfies Cause

const answers = ({ store, proved, unready }: Parameters<Cause['look']>[0]['paas'], appId: string): boolean =>
  store.containers
    .of(appId, 'live')
    .some(({ name, process }) => process === 'web' && proved.has(name) && !unready.has(name))
