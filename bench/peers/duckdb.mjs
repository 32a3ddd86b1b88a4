// DuckDB: one statement from file to file. A set operation, no function for each row.
import { DuckDBInstance } from '@duckdb/node-api';

const [input, output, threads] = process.argv.slice(2);
const sql = `
  COPY (
    SELECT *, nullif(concat_ws('; ',
      CASE
        WHEN email IS NULL THEN 'email: missing'
        WHEN NOT regexp_full_match(email, '[^@\\s]+@[^@\\s]+\\.[a-z]+')
          THEN 'email: "' || email || '" is not an e-mail address'
      END,
      CASE
        WHEN amount IS NULL THEN 'amount: missing'
        WHEN NOT regexp_full_match(amount, '-?[0-9]+\\.[0-9]+')
          THEN 'amount: "' || amount || '" is not a number'
      END,
      CASE
        WHEN NOT regexp_full_match(phone, '\\+[1-9][0-9]+')
          THEN 'phone: "' || phone || '" is not a phone number'
      END), '') AS error
    FROM read_csv('${input}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
  ) TO '${output}' (FORMAT csv, HEADER, DELIMITER ',', QUOTE '"', NULLSTR '')`;

const instance = await DuckDBInstance.create(':memory:', { threads });
const connection = await instance.connect();
await connection.run(sql);
connection.closeSync();
instance.closeSync();
