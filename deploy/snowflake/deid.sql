-- The keyed functions of the stage line, for a Snowflake database.
--
-- They give what dicom_pipeline/deid/pseudonyms.py gives, digit by digit: the golden
-- vectors hold them against it. docs/snowflake.md says what was run, and how to load
-- the pads. To be run by the role that is to own the schema; nobody else needs any
-- right on the table, because a function reads it with the rights of its owner.

create schema if not exists deid;

-- A pad is the key of one class of identifiers, each octet changed: as secret as the key.
create table if not exists deid.hmac_pads (
    domain varchar(32) not null,
    inner_pad varchar(128) not null,
    outer_pad varchar(128) not null,
    check_value varchar(16) not null
);

-- HMAC with SHA-256 (RFC 2104): SHA2(outer pad, SHA2(inner pad, text)), hexadecimal.
-- A class without pads is an error that quotes nothing, never a null. The subqueries
-- hold an aggregate and no column: Snowflake refuses others within a function.
create or replace secure function deid.phi_hmac(class_of varchar, plain varchar)
returns varchar
as
$$
    lower(hex_encode(sha2_binary(
        to_binary(
            coalesce((select max(outer_pad) from deid.hmac_pads where domain = class_of), 'no key'),
            'HEX'
        )
        || sha2_binary(
            to_binary(
                coalesce((select max(inner_pad) from deid.hmac_pads where domain = class_of), 'no key'),
                'HEX'
            )
            || to_binary(plain, 'UTF-8'),
            256
        ),
        256
    )))
$$;

-- Eight hexadecimal digits as a number; the place of the digit 0 is 0.
create or replace secure function deid.phi_hex_number(digits varchar)
returns number(38, 0)
as
$$
    cast(
        charindex(substr(digits, 1, 1), '123456789abcdef') * 268435456
        + charindex(substr(digits, 2, 1), '123456789abcdef') * 16777216
        + charindex(substr(digits, 3, 1), '123456789abcdef') * 1048576
        + charindex(substr(digits, 4, 1), '123456789abcdef') * 65536
        + charindex(substr(digits, 5, 1), '123456789abcdef') * 4096
        + charindex(substr(digits, 6, 1), '123456789abcdef') * 256
        + charindex(substr(digits, 7, 1), '123456789abcdef') * 16
        + charindex(substr(digits, 8, 1), '123456789abcdef') * 1
        as number(38, 0)
    )
$$;

-- 32 digits of a hash as those of a UUID of version 8 (RFC 9562), its two top bits clear.
create or replace secure function deid.phi_uuid_digits(hashed varchar)
returns varchar
as
$$
    translate(substr(hashed, 1, 1), '0123456789abcdef', '0123012301230123')
    || substr(hashed, 2, 11)
    || '8'
    || substr(hashed, 14, 3)
    || translate(substr(hashed, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab')
    || substr(hashed, 18, 15)
$$;

-- That number in decimal, of 38 digits at most. Its upper and its lower half each stay
-- below 2^63 without the variant's top bit, which is added last: an engine that counts
-- in 64 bits gives the same.
create or replace secure function deid.phi_uuid_number(uuid_digits varchar)
returns varchar
as
$$
    cast(
        18446744073709551616 * (
            deid.phi_hex_number(substr(uuid_digits, 1, 8)) * 4294967296
            + deid.phi_hex_number(substr(uuid_digits, 9, 8))
        )
        + 9223372036854775808
        + (deid.phi_hex_number(substr(uuid_digits, 17, 8)) - 2147483648) * 4294967296
        + deid.phi_hex_number(substr(uuid_digits, 25, 8))
        as varchar
    )
$$;

-- A UID below 2.25 (PS3.5 B.2); a registered UID stands for itself.
create or replace secure function deid.phi_uid(original varchar)
returns varchar
as
$$
    case
        when startswith(trim(original), '1.2.840.10008.') then trim(original)
        else '2.25.' || deid.phi_uuid_number(
            deid.phi_uuid_digits(deid.phi_hmac('uid', trim(original)))
        )
    end
$$;

-- A hash as a number, modulo 469: eight digits at a time, each times 16^n modulo 469.
create or replace secure function deid.phi_remainder(hashed varchar)
returns number(38, 0)
as
$$
    mod(
        deid.phi_hex_number(substr(hashed, 1, 8)) * 123
        + deid.phi_hex_number(substr(hashed, 9, 8)) * 22
        + deid.phi_hex_number(substr(hashed, 17, 8)) * 23
        + deid.phi_hex_number(substr(hashed, 25, 8)) * 88
        + deid.phi_hex_number(substr(hashed, 33, 8)) * 92
        + deid.phi_hex_number(substr(hashed, 41, 8)) * 352
        + deid.phi_hex_number(substr(hashed, 49, 8)) * 368
        + deid.phi_hex_number(substr(hashed, 57, 8)) * 1,
        469
    )
$$;

-- 364 days and up to 468 weeks more.
create or replace secure function deid.phi_shift_days(patient_key varchar)
returns number(38, 0)
as
$$
    364 + 7 * deid.phi_remainder(deid.phi_hmac('date', patient_key))
$$;

-- 16 digits that stand for one month of one table.
create or replace secure function deid.phi_batch_token(table_of varchar, month_of varchar)
returns varchar
as
$$
    left(deid.phi_hmac('batch', table_of || chr(31) || month_of), 16)
$$;

-- What tells one key from another; without a key an error, as above.
create or replace secure function deid.phi_key_check()
returns varchar
as
$$
    lower(hex_encode(to_binary(
        coalesce((select max(check_value) from deid.hmac_pads), 'no key'), 'HEX'
    )))
$$;
