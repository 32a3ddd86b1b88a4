import { STATUS_OF, TITLES, type ProblemCode } from '../../src/api/problem.ts';
import { MEANINGS } from '../../src/api/problem-meanings.ts';

/** docs/errors.md, from the tables that the server answers by. */
export function errorsPage(): string {
  const codes = Object.keys(STATUS_OF) as ProblemCode[]; // keys of that very table
  const statuses = [...new Set(Object.values(STATUS_OF))].sort((a, b) => a - b);
  const sections = statuses.map((status) => {
    const rows = codes
      .filter((code) => STATUS_OF[code] === status)
      .sort()
      .map((code) => `| \`${code}\` | ${MEANINGS[code]} |`);
    return `## ${status} ${TITLES[status] ?? ''}\n\n| code | what it says |\n|---|---|\n${rows.join('\n')}\n`;
  });
  return `# Errors of the HTTP API

<!-- Made from the tables of the server: UPDATE_DOCS=1 npx vitest run test/docs -->

Whatever goes wrong is answered as \`application/problem+json\` (RFC 9457). A program decides by \`code\`, which is stable; \`detail\` is for a person, \`errors\` names every single thing that is wrong and where, and \`request_id\` finds the call in the server's log.

\`\`\`json
{
  "type": "urn:rowmill:problem:bad_request",
  "title": "Bad request",
  "status": 400,
  "code": "bad_request",
  "detail": "query.limit: Too big: expected number to be <=200",
  "request_id": "req_V1StGXR8_Z5jdHi6B-myT",
  "errors": [{ "at": "query.limit", "message": "Too big: expected number to be <=200" }]
}
\`\`\`

The Kazoo-compatible routes answer in Kazoo's own shape instead.

${sections.join('\n')}`;
}
