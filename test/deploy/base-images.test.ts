import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ImageRegistry, imageRegistry } from '../buildpacks/image-registry.ts'
import { startInstance, type TestInstance } from '../instance.ts'
import { makeRepository } from '../repository.ts'

// Several pushes each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 90_000 })

let paas: TestInstance
let registry: ImageRegistry
beforeAll(async () => {
  registry = await imageRegistry('web:2', 'paas/busybox:latest')
  paas = await startInstance()
})
afterAll(async () => {
  await paas?.[Symbol.asyncDispose]()
  await registry?.[Symbol.asyncDispose]()
})

const serve = 'CMD ["/bin/sh", "-c", "exec busybox httpd -f -p $PORT -h /www"]'

test('a base image comes from its registry, which first wants to know who asks', async () => {
  using repository = await makeRepository({
    Dockerfile: [
      'ARG REGISTRY=nowhere.invalid',
      'ARG VERSION=2',
      'FROM $REGISTRY/library/web:$VERSION AS pages',
      'RUN mkdir /www && echo "from the registry" > /www/index.html',
      'FROM paas/busybox',
      'COPY --from=pages /www /www',
      serve,
      '',
    ].join('\n'),
  })
  await paas.ok('apps:create pulled')
  await paas.ok(`config:set pulled --no-restart REGISTRY=${registry.host}`)
  const push = await repository.push(paas, 'pulled')
  expect(push.stderr).toContain(`Pulling ${registry.host}/library/web:2`)
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('pulled.localhost')).body).toBe('from the registry\n')

  await repository.commit({ 'more.txt': '' })
  const second = await repository.push(paas, 'pulled')
  expect(second.exitCode).toBe(0)
  expect(second.stderr).not.toContain('Pulling')
})

test('one that cannot be had is named, with the reason', async () => {
  for (const [name, reason] of [
    [`${registry.host}/library/web:3`, 'pulling'],
    ['registry.invalid/none:1', 'is not on this server and no registry answered'],
    // The engine would lead the driver elsewhere.
    ['none/../../x', 'invalid reference format'],
    ['paas/none:1', 'The base image paas/none:1 is not on this server'],
  ] as const) {
    using repository = await makeRepository({ Dockerfile: `FROM ${name}\n${serve}\n` })
    const push = await repository.push(paas, 'none')
    expect(push.exitCode).toBe(1)
    expect(push.stderr).toContain(name)
    expect(push.stderr.toLowerCase()).toContain(reason.toLowerCase())
    expect(push.stderr).not.toContain('Internal error')
  }
})

test('what only looks like a base image does not stop a push', async () => {
  using repository = await makeRepository({
    Dockerfile: [
      'FROM paas/busybox',
      'RUN mkdir /www && echo \\',
      '  from nowhere > /www/index.html',
      serve,
      '',
    ].join('\n'),
  })
  const push = await repository.push(paas, 'quiet')
  expect(push.exitCode, push.stderr).toBe(0)
  expect(push.stderr).not.toContain('Pulling')
})
