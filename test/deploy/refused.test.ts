import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { staticApp } from '../apps/static.ts'
import { startInstance, type TestInstance, uniqueName } from '../instance.ts'
import { made } from '../made.ts'
import { type Files, makeRepository, type Repository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let repository: Repository
let good: string
beforeAll(async () => {
  paas = await startInstance()
  repository = await makeRepository(staticApp('good'))
  const push = await repository.push(paas, 'solid')
  if (push.exitCode !== 0) throw new Error(push.stderr)
  good = (await repository.git(['rev-parse', 'HEAD'])).stdout
})
afterAll(async () => {
  repository?.[Symbol.dispose]()
  await paas?.[Symbol.asyncDispose]()
})

/** Pushes `files` over an app that serves; returns what git printed once it is sure that nothing has changed. */
async function refused(files: Files, { keep = [] as readonly string[] } = {}): Promise<string> {
  await repository.git(['reset', '--quiet', '--hard', good])
  await repository.git(['rm', '-rq', '--ignore-unmatch', '.'])
  if (keep.length > 0) await repository.git(['checkout', good, '--', ...keep])
  await repository.commit(files)
  const before = await state()
  const push = await repository.push(paas, 'solid')
  expect(push.stderr).toContain('! [remote rejected] main -> main (')
  expect(push.stderr).toContain('v1 keeps serving')
  expect(push.exitCode).toBe(1)
  expect(await state()).toEqual(before)
  return push.stderr.replaceAll(/^remote: (.*?) *$/gm, '$1')
}

/** All that a refused push must leave as it was. */
async function state(): Promise<unknown> {
  return {
    refs: await repository.git(['ls-remote', 'paas:solid'], {
      environment: { GIT_SSH_COMMAND: `ssh -F ${paas.sshConfig}` },
    }),
    page: (await paas.get('solid.localhost')).body,
    releases: await paas.ok('releases solid --json'),
    docker: await made(paas, 'solid'),
  }
}

const command = (line: string): Files => ({
  Dockerfile: `FROM paas/busybox\nCMD ["/bin/sh", "-c", ${JSON.stringify(line)}]\n`,
})
const good2 = { keep: ['Dockerfile', 'www'] }

test('a tree without a Dockerfile is refused with one to start from', async () => {
  const output = await refused({ 'readme.txt': 'hello\n' })
  expect(output).toContain('(There is nothing to build')
  expect(output).toContain('FROM paas/node:24')
})

test('an empty tree is refused as well', async () => {
  expect(await refused({})).toContain('There is nothing to build')
})

test('a Dockerfile with an unknown instruction is refused with its line', async () => {
  const output = await refused({ Dockerfile: 'FROM paas/busybox\n\nBLURB x\n' })
  expect(output).toContain('(Build failed: Dockerfile line 3: unknown instruction: BLURB)')
  expect(output).toContain('Correct it, commit and push again')
})

test('an empty Dockerfile is refused', async () => {
  expect(await refused({ Dockerfile: '' })).toMatch(/Build failed: .*Dockerfile.* empty/)
})

test('a RUN that fails is refused with its exit code, and its last lines are shown once', async () => {
  const output = await refused({
    Dockerfile:
      'FROM paas/busybox\nRUN echo before; sh -c "echo first $((1 + 1)); echo second $((2 + 2)) >&2; exit 7"\n',
  })
  expect(output).toContain('exit code 7')
  expect(output.match(/^ {7}(first 2|second 4)$/gm)?.sort()).toEqual(['       first 2', '       second 4'])
  expect(output).toMatch(/\(Build failed at \[2\/2\] RUN .{1,80}\)$/m)
})

test('a COPY of what was not pushed is refused with the path', async () => {
  expect(await refused({ Dockerfile: 'FROM paas/busybox\nCOPY missing /missing\n' })).toContain(
    'Build failed at [2/2] COPY missing /missing: "/missing" not found',
  )
})

test('an unknown base image is refused by its name', async () => {
  const output = await refused({ Dockerfile: 'FROM nowhere/nothing:9\nRUN true\n' })
  expect(output).toContain('The base image nowhere/nothing:9 is')
  expect(output).toContain('have it loaded on this server')
})

test('a broken Procfile is refused with its line', async () => {
  const output = await refused({ Procfile: '# ok\nweb: true\nnot a process\n' }, good2)
  expect(output).toContain('Procfile, line 3: "not a process" is not "type: command"')
})

test('a Procfile that says a type twice is refused with its line', async () => {
  const output = await refused({ Procfile: 'web: true\nweb: false\n' }, good2)
  expect(output).toContain('Procfile, line 2: "web" stands there twice')
})

test('a broken app.json is refused with its line', async () => {
  const output = await refused({ 'app.json': '{\n  // a comment is fine\n  "formation": {,}\n}' }, good2)
  expect(output).toContain('app.json cannot be read: line 3: value expected')
})

test('an app.json with an impossible quantity is refused by the name of the field', async () => {
  const output = await refused({ 'app.json': '{"formation": {"web": {"quantity": -1}}}' }, good2)
  expect(output).toContain('"formation.web.quantity" is not a whole number from 0 to 100')
})

test('an app that exits at once is refused with its exit code and its last lines', async () => {
  const output = await refused(command('echo on stdout; echo on stderr >&2; exit 3'))
  expect(output).toContain('(web.1 exited with code 3 before it was live)')
  expect(output).toMatch(/^ {7}on stdout$/m)
  expect(output).toMatch(/^ {7}on stderr$/m)
})

test('an app that ends well at once is refused all the same', async () => {
  expect(await refused(command('exit 0'))).toContain('(web.1 exited with code 0 before it was live)')
})

test('an app that exits after 200 ms is refused', async () => {
  const output = await refused(command('echo starting; sleep 0.2; exit 1'))
  expect(output).toContain('(web.1 exited with code 1 before it was live)')
  expect(output).toMatch(/^ {7}starting$/m)
})

test('an app that needs more memory than it has is refused with the limit', async () => {
  const output = await refused(command('exec tail /dev/zero'))
  expect(output).toContain('web.1 was killed: out of memory (limit 512 MB)')
})

test('a command that is not in the image is refused by its name', async () => {
  const output = await refused({ Dockerfile: 'FROM paas/busybox\nCMD ["/no/such/server"]\n' })
  expect(output).toContain('/no/such/server')
  expect(output).toContain('web.1 exited with code 127')
})

test('control sequences of a build and of an app do not reach the terminal', async () => {
  const output = await refused({
    Dockerfile: `FROM paas/busybox\nRUN printf 'bu\\033]0;title\\007ild\\033[2J\\n' # ${uniqueName('x')}\nCMD ["/bin/sh", "-c", "printf 'ap\\\\033[2Jp\\\\n'; exit 1"]\n`,
  })
  expect(output).toContain('build')
  expect(output).toMatch(/^ {7}app$/m)
  expect(output.replaceAll(/\x1b\[K/g, '')).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/)
})

test('a submodule is refused with the way to bring its files in', async () => {
  await repository.git(['reset', '--quiet', '--hard', good])
  await repository.git(['update-index', '--add', '--cacheinfo', `160000,${good},library`])
  await repository.git(['commit', '--quiet', '--message', 'Submodule'])
  const before = await state()
  const push = await repository.push(paas, 'solid')
  expect(push.exitCode).toBe(1)
  expect(push.stderr).toContain('"library" is a submodule, and a push does not bring its files')
  expect(push.stderr).toContain('git rm --cached library')
  expect(await state()).toEqual(before)
})

test('a tree with a path that leaves its folder is refused', async () => {
  await repository.git(['reset', '--quiet', '--hard', good])
  const before = await state()
  const commit = await commitOfTree(repository, `100644 blob ${await blob(repository)}\t..\0`)
  const push = await repository.push(paas, 'solid', `${commit}:refs/heads/main`)
  expect(push.exitCode).toBe(1)
  expect(push.stderr).toMatch(/remote rejected|unpacker error/)
  expect(await state()).toEqual(before)
})

async function blob(of: Repository): Promise<string> {
  return (await of.git(['rev-parse', 'HEAD:Dockerfile'])).stdout
}

/** A commit of a tree that git's porcelain would not make; git cannot read it back, so its own fsck is off. */
async function commitOfTree(of: Repository, line: string): Promise<string> {
  const script = `tree=$(printf '%b' "$LINE" | git mktree -z) && git commit-tree "$tree" -p HEAD -m hostile`
  const { stdout } = await execa('sh', ['-c', script], {
    cwd: of.path,
    env: {
      LINE: line.replaceAll('\0', '\\0000'),
      GIT_AUTHOR_NAME: 'Eve',
      GIT_AUTHOR_EMAIL: 'eve@example.com',
      GIT_COMMITTER_NAME: 'Eve',
      GIT_COMMITTER_EMAIL: 'eve@example.com',
    },
  })
  return stdout.trim()
}
