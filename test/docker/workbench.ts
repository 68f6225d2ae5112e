import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { pack } from 'tar-stream'
import type { ContainerSpec } from '../../server/docker/container-spec.ts'
import { Engine } from '../../server/docker/engine.ts'
import { NetworkOverlapError } from '../../server/docker/engine-errors.ts'

export const dockerHost = 'unix:///var/run/docker.sock'

/** The real engine, and things in it that carry an instance id of our own; all are gone after disposal. */
export class Workbench implements AsyncDisposable {
  readonly engine = new Engine({ dockerHost })
  readonly instance = `test-${randomBytes(4).toString('hex')}`
  readonly labels = { 'paas.instance': this.instance }
  /** Our busybox base image, with labels of the test's own. */
  readonly image = `paas-${this.instance}/busybox:1`
  #names = 0

  static async open(): Promise<Workbench> {
    const bench = new Workbench()
    const { engine, labels, image } = bench
    await engine.build({
      context: bench.context({ Dockerfile: 'FROM paas/busybox:latest\nENV PATH=/bin\nWORKDIR /tmp\n' }),
      dockerfile: 'Dockerfile',
      labels,
      tag: image,
      onLine: () => {},
    })
    return bench
  }

  /** A context of these files. */
  context(files: Readonly<Record<string, string | Buffer>>): Readable {
    const tar = pack()
    for (const [name, content] of Object.entries(files)) tar.entry({ name }, Buffer.from(content))
    tar.finalize()
    return tar as unknown as Readable
  }

  async network(): Promise<{ name: string; prefix: string; subnet: string }> {
    for (;;) {
      const name = this.name()
      const prefix = `10.${200 + ((randomBytes(1)[0] ?? 0) % 50)}.${randomBytes(1)[0]}`
      const subnet = `${prefix}.0/24`
      try {
        await this.engine.networks.create({
          name,
          bridge: `pt${randomBytes(4).toString('hex')}`,
          subnet,
          gateway: `${prefix}.1`,
          dynamicRange: `${prefix}.192/26`,
          labels: this.labels,
        })
        return { name, prefix, subnet }
      } catch (error) {
        if (!(error instanceof NetworkOverlapError)) throw error
      }
    }
  }

  /** A container's spec: a shell command in busybox, and what the test changes. */
  spec(command: string, changes: Partial<ContainerSpec> = {}): ContainerSpec {
    const name = this.name()
    return {
      name,
      hostname: name,
      image: this.image,
      command: ['/bin/sh', '-c', command],
      environment: {},
      labels: this.labels,
      network: { name: 'bridge' },
      limits: { memoryBytes: 64 * 1024 * 1024, cpus: 0.5, pids: 64 },
      ...changes,
    }
  }

  async started(command: string, changes: Partial<ContainerSpec> = {}): Promise<string> {
    const id = await this.engine.containers.create(this.spec(command, changes))
    await this.engine.containers.start(id)
    return id
  }

  /** What a container has written so far. */
  async lines(id: string): Promise<string[]> {
    const lines: string[] = []
    for await (const { text } of this.engine.containers.logs(id)) lines.push(text)
    return lines
  }

  name(): string {
    this.#names += 1
    return `paas-${this.instance}-${this.#names}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { containers, networks, images } = this.engine
    for (const { id } of await containers.list({ labels: this.labels, all: true })) {
      await containers.remove(id, { force: true })
    }
    for (const { name } of await networks.list({ labels: this.labels })) await networks.remove(name)
    for (const { id } of await images.list({ labels: this.labels })) await images.remove(id, { force: true })
  }
}
