{#
    Number, truth value or list of numbers; what is none, or out of bounds, is null.

    Arguments:
        column (str): number or list of numbers.
        type (str): a numeric type, boolean, or a list of a numeric type.
        argument (str): "least greatest"; without it seven digits. A long identifier in a
            number column (a vendor wrote one into Acquisition Number) is out of bounds.
#}
{% macro keep_num(column, type, argument='') -%}
    {%- set bounds = argument or '-9999999 9999999' -%}
    {%- if type.endswith('[]') -%}
        {{ each(column, bounded_num('item', type[:-2], bounds)) }}
    {%- elif type == 'boolean' -%}
        {{ try_type(column, type) }}
    {%- else -%}
        {{ bounded_num(column, type, bounds) }}
    {%- endif -%}
{%- endmacro %}

{% macro bounded_num(value, type, bounds) -%}
    {%- set least, greatest = bounds.split(' ') -%}
    case
        when {{ try_type(value, type) }} between {{ least }} and {{ greatest }}
            then {{ try_type(value, type) }}
    end
{%- endmacro %}
