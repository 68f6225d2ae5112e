import type { Need } from '../need.ts'

export default {
  order: 30,
  title: 'MySQL',
  async look({ provisioning, settings }) {
    await provisioning.kind('mysql').reach()
    const own = settings.mysqlImage ? `the one from ${settings.mysqlImage}` : 'the one in PAAS_HOME'
    const whose = settings.mysqlUrl === undefined ? own : 'the one of MYSQL_URL'
    return { holds: true, saw: `${whose} lets us in` }
  },
} satisfies Need
