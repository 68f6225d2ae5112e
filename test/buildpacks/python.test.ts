import { createServer } from 'node:http'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import python from '../../buildpacks/python/buildpack.ts'
import type { BuildPlan, BuildSettings } from '../../server/build/buildpack.ts'
import { repositoryOf } from '../examples/example.ts'
import { startInstance, type TestInstance, uniqueName } from '../instance.ts'
import { makeRepository, type Repository } from '../repository.ts'
import { buildGateway } from './build-gateway.ts'
import { plainSettings, textTree } from './folder-tree.ts'
import { imageRegistry } from './image-registry.ts'
import { zip } from './zip.ts'

const fixture = (name: string): Promise<Repository> =>
  repositoryOf(join(import.meta.dirname, '..', '..', 'buildpacks', 'python', 'fixtures', name))

const plan = (
  contents: Readonly<Record<string, string>>,
  settings: Partial<BuildSettings> = {},
): Promise<BuildPlan> => python.plan(textTree(contents), { ...plainSettings, ...settings })

describe('pushed for real', () => {
  let paas: TestInstance
  let index: PackageIndex
  beforeAll(async () => {
    index = await packageIndex()
    paas = await startInstance({ PAAS_REACHABLE: new URL(index.url).host })
  })
  afterAll(async () => {
    await paas?.[Symbol.asyncDispose]()
    await index?.[Symbol.asyncDispose]()
  })
  const withIndex = async (app: string): Promise<void> => {
    await paas.ok(`apps:create ${app}`)
    await paas.ok(`config:set ${app} --no-restart PIP_INDEX_URL=${index.url} PIP_TRUSTED_HOST=${index.host}`)
  }

  test('requirements.txt: pip asks the index of the config vars, the guessed server starts; unchanged, nothing is installed again', async () => {
    await withIndex('wsgi')
    using repository = await fixture('requirements')
    const push = await repository.push(paas, 'wsgi')
    expect(push.stderr).toContain('web: gunicorn app:app --bind 0.0.0.0:$PORT (guessed: WSGI in app.py)')
    expect(push.exitCode, push.stderr).toBe(0)
    expect((await paas.get('wsgi.localhost')).body).toBe('http 1000\n')
    const asked = index.asked()
    await repository.commit({ 'more.py': '' })
    const second = await repository.push(paas, 'wsgi')
    expect(second.stderr).toMatch(/CACHED .*pip install/)
    expect(second.exitCode).toBe(0)
    expect(index.asked()).toBe(asked)
  }, 120_000)

  test('pyproject.toml: its dependencies are a layer of their own', async () => {
    await withIndex('project')
    using repository = await fixture('project')
    const push = await repository.push(paas, 'project')
    expect(push.stderr).toContain(
      'web: uvicorn main:app --host 0.0.0.0 --port $PORT (guessed: ASGI in main.py)',
    )
    expect(push.exitCode, push.stderr).toBe(0)
    expect((await paas.get('project.localhost')).body).toBe('asynchronous\n')
    await repository.commit({ 'more.py': '' })
    expect((await repository.push(paas, 'project')).stderr).toMatch(/CACHED .*pip install/)
  }, 120_000)

  test('a package that the index does not have refuses the push with pip’s last lines', async () => {
    await withIndex('gone')
    using repository = await makeRepository({
      'requirements.txt': 'nowhere-to-be-found==1.0\n',
      Procfile: 'web: x\n',
    })
    const push = await repository.push(paas, 'gone')
    expect(push.exitCode).toBe(1)
    expect(push.stderr).toContain('No matching distribution found for nowhere-to-be-found==1.0')
    expect(push.stderr).toContain('gone stays, without a release')
  }, 60_000)
})

test('a Python that no base image has comes from the image registry, else the push says what there is', async () => {
  await using registry = await registryWithPython('3.13-slim')
  await using paas = await startInstance({ PAAS_IMAGE_REGISTRY: registry.host })
  using repository = await makeRepository({
    'requirements.txt': '',
    '.python-version': '3.13\n',
    Procfile: 'web: python serve.py\n',
    'serve.py': servesEnvironment,
  })
  const push = await repository.push(paas, 'newer')
  expect(push.stderr).toContain(`official image ${registry.host}/library/python:3.13-slim (.python-version)`)
  expect(push.exitCode, push.stderr).toBe(0)
  expect((await paas.get('newer.localhost')).body).toBe('from the registry, 1000, /opt/venv')

  await repository.commit({ '.python-version': '3.12\n' })
  const refused = await repository.push(paas, 'newer')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('There is Python 3.11: change .python-version')
  expect(refused.stderr).toContain(`The image registry ${registry.host} has none that fits either`)
}, 180_000)

test('a range is met by the newest official image that the registry has', async () => {
  await using registry = await imageRegistry('python:3.13-slim', 'paas/busybox:latest')
  const files = { 'requirements.txt': '', 'pyproject.toml': '[project]\nrequires-python = ">=3.12"\n' }
  const settings = { procfile: { web: 'x' }, imageRegistry: registry.host }
  const { dockerfile } = await plan(files, settings)
  expect(dockerfile).toContain(`FROM ${registry.host}/library/python:3.13-slim\n`)
  await expect(plan({ ...files, '.python-version': '3.11' }, settings)).rejects.toThrow('There is no Python')
  await expect(plan({ ...files, 'runtime.txt': 'python-2.7.18' }, settings)).rejects.toThrow(
    'There is no Python "python-2.7.18"',
  )
})

/** A registry whose image is our base image without its user, and with a mark. */
async function registryWithPython(tag: string) {
  const mark = uniqueName('paas-test-python')
  const input = "FROM paas/python:3.11\nRUN sed -i '/^python:/d' /etc/passwd /etc/group\nENV FROM=registry\n"
  await execa('docker', ['build', '--quiet', '--tag', mark, '-'], { input })
  try {
    return await imageRegistry(`python:${tag}`, mark)
  } finally {
    await execa('docker', ['rmi', '--force', mark])
  }
}

const servesEnvironment = `
import http.server, os, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"from the {os.environ['FROM']}, {os.getuid()}, {sys.prefix}".encode())

http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Page).serve_forever()
`

describe('the guess of a start command', () => {
  const web = async (contents: Readonly<Record<string, string>>): Promise<string | null | undefined> =>
    (await plan(contents)).processes.web

  test.each([
    [
      'gunicorn',
      { 'app.py': 'from flask import Flask\napp = Flask(__name__)\n' },
      'gunicorn app:app --bind 0.0.0.0:$PORT',
    ],
    [
      'gunicorn[gevent]>=20',
      { 'wsgi.py': 'application = f()\n' },
      'gunicorn wsgi:application --bind 0.0.0.0:$PORT',
    ],
    ['gunicorn', { 'app.py': 'def create_app():\n' }, "gunicorn 'app:create_app()' --bind 0.0.0.0:$PORT"],
    [
      'Waitress==3.0',
      { 'app.py': 'app: Flask = Flask()\n' },
      'waitress-serve --listen=0.0.0.0:$PORT app:app',
    ],
    [
      'fastapi\nuvicorn',
      { 'main.py': 'from fastapi import FastAPI\napp = FastAPI()\n' },
      'uvicorn main:app --host 0.0.0.0 --port $PORT',
    ],
    [
      'gunicorn',
      { 'manage.py': '', 'shop/wsgi.py': '', 'app.py': 'app = 1' },
      'gunicorn shop.wsgi:application --bind 0.0.0.0:$PORT',
    ],
  ])('with %s is right for %o', async (requirements, files, command) => {
    expect(await web({ 'requirements.txt': `${requirements}\n`, ...files })).toBe(command)
  })

  test('takes no server that is only part of a name, and none of the wrong kind', async () => {
    const app = { 'app.py': 'app = Flask()\n' }
    await expect(web({ ...app, 'requirements.txt': 'not-gunicorn\ngunicorn-extras\n' })).rejects.toThrow(
      'no server',
    )
    await expect(web({ ...app, 'requirements.txt': 'uvicorn\n' })).rejects.toMatchObject({
      next: expect.stringContaining('gunicorn app:app --bind 0.0.0.0:$PORT'),
    })
  })

  test('is not made where a Procfile says it', async () => {
    const { processes } = await plan({ 'requirements.txt': '' }, { procfile: { web: 'python x.py' } })
    expect(processes).toEqual({})
  })
})

test.each([
  [{ '.python-version': '3.11\n' }, true],
  [{ '.python-version': '# ours\n3.11.9\n' }, true],
  [{ '.python-version': '3.12\n' }, false],
  [{ 'runtime.txt': 'python-3.11.4\n' }, true],
  [{ 'runtime.txt': 'python-3.1\n' }, false],
  [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.10"\n' }, true],
  [{ 'pyproject.toml': '[project]\nrequires-python = "~=3.9"\n' }, true],
  [{ 'pyproject.toml': '[project]\nrequires-python = "~=3.9.2"\n' }, false],
  [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.12"\n' }, false],
  [{ 'pyproject.toml': '[project]\nrequires-python = ">=3.8, !=3.9.*, <4"\n' }, true],
])('a tree with %o is built with Python 3.11: %s', async (files, fits) => {
  const planned = plan({ 'requirements.txt': '', Procfile: '', ...files }, { procfile: { web: 'x' } })
  if (fits) await expect(planned).resolves.toBeDefined()
  else await expect(planned).rejects.toMatchObject({ next: expect.stringContaining('There is Python 3.11') })
})

test('requirements of the tree itself are installed from the whole tree', async () => {
  const files = { 'app.py': 'app = 1\n', 'requirements.txt': 'gunicorn\n-e .\n' }
  const { dockerfile, notes } = await plan(files)
  expect(dockerfile.indexOf('COPY --chown=python:python . .')).toBeLessThan(dockerfile.indexOf('pip install'))
  expect(notes.join('\n')).toContain('Every push installs anew')
})

type PackageIndex = AsyncDisposable & { readonly url: string; readonly host: string; asked(): number }

/** A package index of two web servers that know nothing but what their command lines here say. */
async function packageIndex(): Promise<PackageIndex> {
  const packages: Readonly<Record<string, Buffer>> = {
    'gunicorn-23.0.0-py3-none-any.whl': wheel('gunicorn', '23.0.0', standInForGunicorn),
    'uvicorn-0.38.0-py3-none-any.whl': wheel('uvicorn', '0.38.0', standInForUvicorn),
  }
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    const name = /^\/simple\/([\w-]+)\/$/.exec(request.url ?? '')?.[1]
    const files = Object.keys(packages).filter((file) => file.startsWith(`${name}-`))
    const content = packages[request.url?.split('/').at(-1) ?? '']
    if (content) response.end(content)
    else if (files.length > 0) {
      response.setHeader('content-type', 'text/html')
      response.end(files.map((file) => `<a href="/files/${file}">${file}</a>`).join('\n'))
    } else response.writeHead(404).end()
  })
  const { host, port } = await buildGateway(server)
  return {
    url: `http://${host}:${port}/simple/`,
    host,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function wheel(name: string, version: string, program: string): Buffer {
  const folder = `${name}-${version}.dist-info`
  const files = {
    [`${name}.py`]: program,
    [`${folder}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nProvides-Extra: standard\n`,
    [`${folder}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${folder}/entry_points.txt`]: `[console_scripts]\n${name} = ${name}:main\n`,
  }
  const record = [...Object.keys(files), `${folder}/RECORD`].map((path) => `${path},,\n`).join('')
  return zip({ ...files, [`${folder}/RECORD`]: record })
}

const standInForGunicorn = `
import importlib, os, sys
from wsgiref.simple_server import make_server

def main():
    sys.path.insert(0, os.getcwd())
    module, name = sys.argv[1].split(":")
    host, port = sys.argv[sys.argv.index("--bind") + 1].split(":")
    make_server(host, int(port), getattr(importlib.import_module(module), name)).serve_forever()
`

const standInForUvicorn = `
import asyncio, importlib, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

def main():
    sys.path.insert(0, os.getcwd())
    module, name = sys.argv[1].split(":")
    app = getattr(importlib.import_module(module), name)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            async def send(message):
                if message["type"] == "http.response.start":
                    self.send_response(message["status"])
                    self.end_headers()
                else:
                    self.wfile.write(message["body"])
            asyncio.run(app({"type": "http", "path": self.path}, None, send))

    port = int(sys.argv[sys.argv.index("--port") + 1])
    HTTPServer((sys.argv[sys.argv.index("--host") + 1], port), Handler).serve_forever()
`
