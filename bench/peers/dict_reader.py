"""csv.DictReader to csv.DictWriter, the way the Python manual shows."""

import csv
import re
import sys

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")
PHONE = re.compile(r"\+[1-9][0-9]+")
AMOUNT = re.compile(r"-?[0-9]+\.[0-9]+")


def error_of(row):
    errors = []
    email, phone, amount = row["email"], row["phone"], row["amount"]
    if email == "":
        errors.append("email: missing")
    elif not EMAIL.fullmatch(email):
        errors.append(f'email: "{email}" is not an e-mail address')
    if amount == "":
        errors.append("amount: missing")
    elif not AMOUNT.fullmatch(amount):
        errors.append(f'amount: "{amount}" is not a number')
    if phone != "" and not PHONE.fullmatch(phone):
        errors.append(f'phone: "{phone}" is not a phone number')
    return "; ".join(errors)


def main(source, target):
    with (
        open(source, encoding="utf-8", newline="") as reading,
        open(target, "w", encoding="utf-8", newline="") as writing,
    ):
        reader = csv.DictReader(reading)
        writer = csv.DictWriter(writing, [*reader.fieldnames, "error"], lineterminator="\n")
        writer.writeheader()
        for row in reader:
            row["error"] = error_of(row)
            writer.writerow(row)


main(*sys.argv[1:3])
