// What is checked, the same in every program: patterns that a user would write by hand.

const EMAIL = /^[^@\s]+@[^@\s]+\.[a-z]+$/;
const AMOUNT = /^-?[0-9]+\.[0-9]+$/;
const PHONE = /^\+[1-9][0-9]+$/;

/** What is wrong with a row; empty where nothing is. */
export function errorOf(email, phone, amount) {
  let error = '';
  if (email === '') error = 'email: missing';
  else if (!EMAIL.test(email)) error = `email: "${email}" is not an e-mail address`;
  if (amount === '') error = joined(error, 'amount: missing');
  else if (!AMOUNT.test(amount)) error = joined(error, `amount: "${amount}" is not a number`);
  if (phone !== '' && !PHONE.test(phone)) {
    error = joined(error, `phone: "${phone}" is not a phone number`);
  }
  return error;
}

function joined(first, second) {
  return first === '' ? second : `${first}; ${second}`;
}
