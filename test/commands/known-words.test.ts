import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hintFor } from '../../server/hints.ts'
import { loadRegistry } from '../../server/registry.ts'

/** What fingers know from Dokku, Heroku and wpd, by topic. `*` is a topic as a whole. */
const known = `
apps:create apps:destroy apps:list apps:exists apps:rename apps:report apps:use apps create destroy info rename open url
urls apps:info apps:clone apps:lock apps:unlock apps:locked apps:export apps:import
config config:show config:get config:set config:unset config:export config:import config:keys config:clear config:add
config:remove config:edit
autoscale autoscale:set autoscale:off
ps ps:scale scale ps:restart restart ps:stop ps:start ps:rebuild ps:report ps:inspect ps:kill ps:exec ps:restore
ps:retire ps:set ps:type ps:resize
logs logs:failed
run run:detached run:list run:logs run:stop enter
releases releases:list releases:info releases:output releases:rollback rollback builds builds:list builds:info
builds:output builds:cancel
domains domains:list domains:add domains:remove domains:set domains:clear domains:report domains:check
domains:add-global domains:set-global domains:remove-global domains:clear-global
ports:list ports:set ports:add ports:remove ports
certs:add certs:update certs:report certs:info certs:remove certs:generate certs:auto certs:auto:enable
certs:auto:disable letsencrypt:enable letsencrypt:disable letsencrypt:list letsencrypt:ls letsencrypt:auto-renew
letsencrypt:set letsencrypt:cron-job
checks:report checks:run checks:enable checks:disable checks:skip checks:set checks
maintenance maintenance:on maintenance:off maintenance:enable maintenance:disable maintenance:report
maintenance:custom-page
resource:limit resource:reserve resource:report resource:limit-clear resource:reserve-clear
storage:create storage:list storage:mount storage:unmount storage:destroy storage:report storage:exec storage:backup
storage:restore
links:add links:remove links
cron:list cron:run cron:suspend cron:resume cron:report
mysql mysql:create mysql:destroy mysql:list mysql:info mysql:link mysql:unlink mysql:links mysql:promote mysql:connect
mysql:export mysql:import mysql:clone mysql:exists mysql:expose mysql:unexpose mysql:backup mysql:backups
mysql:backups:restore mysql:backups:schedule mysql:backups:download
keys keys:list keys:add keys:remove ssh-keys ssh-keys:list ssh-keys:add ssh-keys:remove access access:list access:add
access:remove users tokens:create tokens:list tokens:revoke members:* sharing:*
git:set git:report git:from-image git:from-archive git:sync git:remote git:initialize
routes routes:rebuild
help --help version --version report events audit why disk cleanup doctor nodes nodes:add backup restore drains:add
drains:remove drains:list undo deploys deploys:attach deploys:cancel
plugin:* plugins:* scheduler-k3s:* scheduler:* buildpacks:* nginx:* proxy:* docker-options:* network:* registry:* repo:*
addons:* pg:* postgres:* redis:* dyno:* pipelines:* container:* caddy:* traefik:* openresty:* haproxy:* app-json:*
trace:* auth:* login logout whoami
listkeys addsite listsites addimage deploysite dumpsite
`
  .split(/\s+/)
  .filter(Boolean)

/** Why a word is answered by neither a command nor a hint. It counts only for as long as that is so. */
const notYet: readonly (readonly [words: RegExp, reason: string])[] = []

const registry = await loadRegistry()

/** File -> text of the tests that drive the real ssh. */
const tests = readdirSync(join(import.meta.dirname, '..'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('known-words.test.ts'))
  .map((file): [string, string] => [file, readFileSync(join(import.meta.dirname, '..', file), 'utf8')])
  .filter(([, text]) => /\.(ssh|ok)\(/.test(text))

const table = known.map((word): [word: string, answer: string] => [word, answerTo(word)])

test.each(table)('%s is answered by %s', (word, answer) => {
  expect(answer, `${word} needs a command, a test through ssh, a hint, or a reason here`).not.toBe('nothing')
})

test('each word stands in the table once', () => {
  expect(known.filter((word, index) => known.indexOf(word) !== index)).toEqual([])
})

/** The command and the file of its test; a hint; a reason; or `nothing`. */
function answerTo(word: string): string {
  const command = commandOf(word)
  if (command !== undefined) {
    const file = testOf(command)
    return file === undefined ? 'nothing' : `${command}: test/${file}`
  }
  const hint = hintFor(word.replace('*', 'anything'))
  if (hint !== undefined) return `a hint: ${hint}`
  const reason = notYet.find(([words]) => words.test(word))?.[1]
  return reason === undefined ? 'nothing' : `not yet: ${reason}`
}

function commandOf(word: string): string | undefined {
  return [...registry.commands].find(([name, { aliases = [] }]) => [name, ...aliases].includes(word))?.[0]
}

/** The first test through ssh in which the command's name or an alias begins a line that is typed. */
function testOf(name: string): string | undefined {
  const words = [name, ...(registry.commands.get(name)?.aliases ?? [])]
  return tests.find(([, text]) =>
    words.some((word) => new RegExp(`['"\`]${word}(?![\\w:-])`).test(text)),
  )?.[0]
}
