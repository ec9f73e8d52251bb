{#
    Number rounded to a step and held between bounds; zero and less is null.

    Arguments:
        column (str): number.
        type (str): decimal(p,s).
        argument (str): "step least greatest", in the unit of the column.
#}
{% macro round_num(column, type, argument) -%}
    {%- set step, least, greatest = argument.split(' ') -%}
    {%- set number = try_type(column, 'double') -%}
    case
        when {{ number }} > 0
            then cast(
                least(greatest(round({{ number }} / {{ step }}) * {{ step }}, {{ least }}), {{ greatest }})
                as {{ type }}
            )
    end
{%- endmacro %}
