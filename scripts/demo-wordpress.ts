import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Account, BlogVisitor } from './blog-visitor.ts'
import { connectToRouter } from './connect-to-router.ts'
import { expect, startDemonstration } from './demonstration.ts'
import { dotPicture } from './dot-picture.ts'
import { runEntry } from './run-entry.ts'
import { say } from './say.ts'

// A WordPress from one push: its database, its install form, its uploads on three containers, and a second blog beside it.
await runEntry(async () => {
  const demo = await startDemonstration(['php'])
  const { settings, step, git, paas } = demo
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(4, 14)
  const names = { first: `blog-${stamp}`, second: `blog-${stamp}-2` }
  const account: Account = { user: 'ann', password: randomBytes(12).toString('base64url') }
  const visitor = (app: string): BlogVisitor =>
    new BlogVisitor({ connect: () => connectToRouter(settings), name: new URL(demo.url(app)).host })
  const editor = visitor(names.first)

  await step('Copy examples/wordpress into a git repository', async () => {
    const repository = await demo.copyExample('wordpress')
    say.detail(repository)
    // So that there is something to push the second time.
    await writeFile(join(repository, 'pushed.txt'), `${stamp}\n`)
    await git('add', '--all')
    await git('commit', '--quiet', '--message', 'A blog')
  })

  await step(`git push paas:${names.first} main`, () => git('push', `paas:${names.first}`, 'main'))

  await step('A volume for its uploads, which all its containers will share', async () => {
    await paas('storage:create', names.first, 'uploads')
    await paas('storage:mount', names.first, 'uploads', '--container-dir', '/app/wp-content/uploads')
  })

  await step('The page asks to be installed', async () => {
    const page = await editor.get('/')
    say.detail(`GET ${demo.url(names.first)} -> ${page.status} ${page.location ?? ''}`)
    const wanted = `${demo.url(names.first)}wp-admin/install.php`
    expect(`a redirect to ${wanted}`, page.location ?? '', page.location === wanted)
  })

  await step('Fill in the install form, log in, write a post', async () => {
    await editor.install('A blog of my own', account)
    await editor.logIn(account)
    const path = await editor.publish('Good day', `<p>It is ${stamp}.</p>`)
    const post = await visitor(names.first).get(path)
    say.detail(`GET ${demo.url(names.first)}${path.slice(1)} -> ${post.status}`)
    expect('the post', `${post.status}`, post.status === 200 && post.body.includes(`It is ${stamp}.`))
  })

  await step('Scale to three: one blog, and the login holds on each', async () => {
    await paas('scale', '--app', names.first, 'web=3')
    const hosts = new Set<string>()
    for (let asked = 0; asked < 60 && hosts.size < 3; asked += 1) {
      const page = await editor.get('/wp-admin/edit.php')
      expect('the list of posts', `${page.status} ${page.location ?? ''}`, page.body.includes('Good day'))
      hosts.add(page.servedBy)
    }
    say.detail(`answers came from ${[...hosts].sort().join(', ')}`)
    expect('answers from 3 containers', [...hosts].join(', '), hosts.size === 3)
  })

  await step('Upload a picture to one container; the other two have it', async () => {
    const path = await editor.upload('dot.png', dotPicture)
    const hosts = new Set<string>()
    for (let asked = 0; asked < 60 && hosts.size < 3; asked += 1) {
      const page = await visitor(names.first).get(path)
      expect('the picture', `${page.status} from ${page.servedBy}`, page.bytes.equals(dotPicture))
      hosts.add(page.servedBy)
    }
    say.detail(`GET ${demo.url(names.first)}${path.slice(1)} came from ${[...hosts].sort().join(', ')}`)
    expect('answers from 3 containers', [...hosts].join(', '), hosts.size === 3)
  })

  await step('A second blog from the same source, with a database of its own', async () => {
    await git('push', `paas:${names.second}`, 'main')
    const second = visitor(names.second)
    await second.install('Another blog', account)
    const [one, other] = [await editor.get('/'), await second.get('/')]
    expect('its own title', other.body.slice(0, 200), other.body.includes('Another blog'))
    expect('the first as it was', one.body.slice(0, 200), one.body.includes('A blog of my own'))
  })

  say.heading('All of it worked. The blogs go on:')
  say.detail(
    [
      `${demo.url(names.first)}wp-admin/  user ${account.user}, password ${account.password}`,
      `${demo.url(names.second)}wp-admin/  the same`,
      '',
      'Next:',
      `  ${demo.sshCommand} paas mysql:list`,
      `  ${demo.sshCommand} paas logs --app ${names.first} --tail`,
      `  ${demo.sshCommand} paas apps:destroy --app ${names.second} --confirm ${names.second}`,
    ].join('\n'),
  )
})
