-- A number of eight digits may be somebody's; seven are what measurements need.

with numbers as (
    select given.*
    from (
        values
        (120.5, 120.5),
        (-1024.0, -1024.0),
        (9999999.0, 9999999.0),
        (81234567.0, null),
        (-81234567.0, null),
        (null, null)
    ) as given (value, expected)
)

select *
from numbers
where
    coalesce({{ keep_num('value', 'double') }}, -1) != coalesce(expected, -1)
    or coalesce({{ keep_num('value', 'double', '0 99999999999') }}, -1)
    != case when value >= 0 then value else -1 end
