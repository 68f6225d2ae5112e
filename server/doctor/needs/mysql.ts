import type { Need } from '../need.ts'

export default {
  order: 30,
  title: 'MySQL',
  async look({ provisioning, settings }) {
    await provisioning.kind('mysql').reach()
    const whose = settings.mysqlUrl === undefined ? 'the one in PAAS_HOME' : 'the one of MYSQL_URL'
    return { holds: true, saw: `${whose} lets us in` }
  },
} satisfies Need
