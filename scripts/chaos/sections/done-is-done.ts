import { staticApp } from '../../../test/apps/static.ts'
import { startInstance } from '../../../test/instance.ts'
import { say } from '../../say.ts'
import { deployApp } from '../deploy-app.ts'
import type { Section } from '../section.ts'

const app = 'done'
const count = Number(process.env.COUNT ?? 10)

export default {
  summary: `the server is killed right after a command has returned, ${count} times (COUNT=1000 for all)`,
  async run() {
    await using paas = await startInstance()
    using repository = await deployApp(paas, app, staticApp('0'))
    let lost = 0
    for (let number = 1; number <= count; number++) {
      // Every fifth is a push, the others are config.
      const isPush = number % 5 === 0
      if (isPush) {
        await repository.commit({ 'www/index.html': String(number) })
        const push = await repository.push(paas, app)
        if (push.exitCode !== 0) throw new Error(push.stderr)
      } else await paas.ok(`config:set -a ${app} NUMBER=${number}`)
      // Its supervisor would pause longer each time.
      process.kill(paas.pid('server.supervisor') ?? 0, 'SIGKILL')
      await paas.kill('server')
      await paas.up()
      const isThere = isPush
        ? (await paas.get(`${app}.localhost`)).body === String(number)
        : (await paas.ok(`config:get NUMBER -a ${app}`)).trim() === String(number) &&
          (await paas.get(`${app}.localhost`, '/cgi-bin/environment')).body.includes(`NUMBER=${number}\0`)
      if (!isThere) lost++
      say.detail(`${isPush ? 'push' : 'config:set'} ${number} of ${count}: ${isThere ? 'there' : 'LOST'}`)
    }
    return [
      {
        row: '41',
        promise: 'a crash right after "done": it is done',
        measured: `${lost} of ${count} lost`,
        holds: lost === 0,
      },
    ]
  },
} satisfies Section
