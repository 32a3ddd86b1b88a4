import type { ProblemCode } from './problem.ts';

/** What each code says, and what helps: the page of errors and the description of the API come from here. */
export const MEANINGS: Readonly<Record<ProblemCode, string>> = {
  usage: 'The request asks for something that makes no sense together. The message says what.',
  task_not_found: 'There is no task of this name. The message lists names that are near.',
  task_invalid: 'The task itself is wrongly defined: its author has to mend it.',
  arguments_invalid:
    'The arguments do not fit what the task takes; all problems are named at once.',
  input_not_found: 'The input of this run is no longer there.',
  input_unreadable: 'The input cannot be read as CSV in any encoding that is known.',
  input_refused:
    'The file does not fit the task: a mandatory column is missing, a name is doubled, or there is no row.',
  input_changed:
    'The input is not what it was when the run began, so the run cannot go on with it.',
  input_too_large: 'The file is longer than this server takes (`--max-upload-bytes`).',
  code_changed:
    'The code of the task has changed since the run began. Start a new run, or accept the new code.',
  output_unwritable: 'The server could not write the output; its log says why.',
  disk_full: 'There is no space left. Free some, then resume the run: nothing committed is lost.',
  permission_denied: 'The server may not read or write one of its own files; its log says which.',
  run_not_found: 'There is no such run, or it belongs to another account.',
  run_busy: 'The run is being carried out. Stop it first, or ask again when it has ended.',
  run_not_resumable: 'The run cannot go on from its last checkpoint; the message says why.',
  run_has_children:
    'Rows of this run were run again or undone by other runs, which need it. Delete those first, or all together (`with_children=true`).',
  wrong_status: 'The run is not in a status in which this can be asked of it.',
  folder_busy: 'Another server process has the data folder. The message names it.',
  files_elsewhere:
    'The files lie in the folder of another server on the same database. Ask that server, or give all of them one folder for their files (`--files-dir`).',
  store_unreachable:
    'The database cannot be reached. Ask again in a moment; runs wait for it and go on.',
  contract_broken:
    'The task has answered something that no task may answer; the log has the details.',
  state_not_storable: 'The state that the task carries from row to row cannot be stored.',
  secret_unreadable:
    'A secret cannot be opened: the server lacks the key that sealed it. Its log names the key.',
  server_unreachable: 'Another server that is needed here cannot be reached.',
  sftp_unreachable:
    'An SFTP server cannot be reached, shows another key than the one written down, or does not let this user in. The message says which.',
  sftp_failed:
    'An SFTP server was reached, and refuses what was asked of it. The message says why.',
  executor_unavailable:
    'Scripts cannot be executed here: the runtime is missing, or the system cannot isolate them. The message says which.',
  internal: 'Something went wrong inside. The log of the server has it under the request id.',
  bad_request:
    'A parameter, a header or the body is not what the route takes; `errors` names each.',
  unauthorized: 'There is no key in the request, or it is unknown, revoked or expired.',
  forbidden: 'The key lacks the scope that this route needs.',
  not_found:
    'There is nothing at this path, or no such thing (yet), or it belongs to another account.',
  method_not_allowed: 'The path exists, but not with this method; `Allow` lists those it has.',
  not_acceptable: 'The answer cannot be given in any form that the request accepts.',
  conflict: 'Something else stands in the way, such as an equal request that is not done yet.',
  precondition_failed: 'The thing has changed since the version that the request names.',
  too_large:
    'The body, one of its parts or a header is longer than this server takes, or a JSON body has more values.',
  unsupported_media_type: 'The body is of a type that this route does not read.',
  range_not_satisfiable: 'The range lies behind the end of the file.',
  idempotency_mismatch:
    'This Idempotency-Key was used for another request. Take a new key for each new request.',
  rate_limited: 'Too many requests. `Retry-After` says when to come back.',
  shutting_down: 'The server is ending. Ask again in a moment; nothing is lost.',
  transition_refused: 'A run of this status cannot become what was asked.',
};
